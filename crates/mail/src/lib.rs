//! Sends plain-text mail over the operator's SMTP server.
//!
//! Invariants: address, subject and text cannot inject headers (lettre encodes each); a send ends within
//! [`SEND_TIMEOUT`]; errors contain neither the address nor the text.
//!
//! Caller: `svc-journeys` (codes, links).

use std::time::Duration;

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

/// Longest duration of one send.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// The SMTP server. Without one no mail is sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `smtps://user:password@host` (TLS from the start), `smtp://user:password@host?tls=required` (STARTTLS), or
    /// `smtp://host` (unencrypted).
    #[serde(serialize_with = "expose")]
    pub smtp_url: Option<SecretString>,
    /// The sender: `Verification <no-reply@example.org>`.
    pub from: String,
}

fn expose<S: Serializer>(url: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("mail.smtp_url is not an SMTP address")]
    Url(#[source] lettre::transport::smtp::Error),
    #[error("mail.from is not a mail address")]
    From,
    #[error("not a mail address")]
    Address,
    #[error("the message cannot be written")]
    Message(#[source] lettre::error::Error),
    #[error("the mail server rejected the message")]
    Send(#[source] lettre::transport::smtp::Error),
}

/// Sends mail; clones share the connections.
#[derive(Clone, Debug)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// Returns `None` when no server is configured.
    ///
    /// # Errors
    /// When the address of the server or of the sender is invalid.
    pub fn open(config: &Config) -> Result<Option<Self>, Error> {
        let Some(url) = &config.smtp_url else { return Ok(None) };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret());
        let transport = transport.map_err(Error::Url)?.timeout(Some(SEND_TIMEOUT)).build();
        Ok(Some(Self { transport, from: config.from.parse().map_err(|_| Error::From)? }))
    }

    /// Sends `text` to `address`.
    ///
    /// # Errors
    /// [`Error::Address`] when it is invalid; when the server rejects the message.
    pub async fn send(&self, address: &str, subject: &str, text: String) -> Result<(), Error> {
        let to = address.parse().map_err(|_| Error::Address)?;
        let message = Message::builder().from(self.from.clone()).to(Mailbox::new(None, to)).subject(subject);
        let message = message.header(ContentType::TEXT_PLAIN).body(text).map_err(Error::Message)?;
        self.transport.send(message).await.map_err(Error::Send)?;
        Ok(())
    }
}

/// Whether `text` is a valid mail address.
pub fn is_address(text: &str) -> bool {
    text.parse::<lettre::Address>().is_ok()
}
