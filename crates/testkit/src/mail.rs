//! A mail server that stores received messages. Supports the commands of RFC 5321 that a client without TLS and login
//! uses.

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{Duration, timeout},
};
use tokio_util::task::AbortOnDropHandle;

/// How long to wait for a message.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(90);

/// A received message.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    pub from: String,
    pub to: String,
    /// Headers and body.
    pub data: String,
}

/// A mail server on its own port that accepts every message.
pub struct MailServer {
    pub url: String,
    arrived: mpsc::UnboundedReceiver<Mail>,
    _task: AbortOnDropHandle<()>,
}

impl MailServer {
    /// # Panics
    /// When no port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address"));
        let (send, arrived) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, send.clone()));
            }
        });
        Self { url, arrived, _task: AbortOnDropHandle::new(task) }
    }

    /// Waits for the next message.
    ///
    /// # Panics
    /// When none arrives in time.
    pub async fn next(&mut self) -> Mail {
        let mail = timeout(ARRIVAL_LIMIT, self.arrived.recv()).await.expect("a message comes");
        mail.expect("the server runs")
    }

    /// Returns a message that has already arrived.
    pub fn arrived(&mut self) -> Option<Mail> {
        self.arrived.try_recv().ok()
    }
}

async fn converse(mut stream: TcpStream, arrived: mpsc::UnboundedSender<Mail>) -> std::io::Result<()> {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    let mut mail = Mail::default();
    write.write_all(b"220 testkit\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let command = line.split(':').next().unwrap_or_default().to_ascii_uppercase();
        let answer = match command.split_whitespace().next().unwrap_or_default() {
            "EHLO" | "HELO" => "250-testkit\r\n250 8BITMIME",
            "MAIL" => {
                mail = Mail { from: address(&line), ..Mail::default() };
                "250 ok"
            }
            "RCPT" => {
                mail.to = address(&line);
                "250 ok"
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    mail.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.data.push('\n');
                }
                let _ = arrived.send(std::mem::take(&mut mail));
                "250 kept"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

/// Returns the text between `<` and `>`.
fn address(line: &str) -> String {
    let rest = line.split('<').nth(1).unwrap_or_default();
    rest.split('>').next().unwrap_or_default().to_owned()
}
