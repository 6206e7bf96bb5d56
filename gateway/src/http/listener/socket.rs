//! A connection's socket, with a total time for each head and a least rate for each response.
//!
//! The body of a request has its own limits ([`crate::http::body_time`]), because only its route knows its purpose.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use shares::{FairPlace, FairPool};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep, sleep_until},
};

use super::connections::{Connection, Phase};
use crate::config::ConnectionLimits;

/// Largest head without a permit. A larger one needs one of the few permits for large heads, so that incomplete ones
/// use little memory in total.
const SMALL_HEAD_BYTES: usize = 64 * 1024;
/// Large heads at a time, shared fairly by address.
pub const LARGE_HEADS: usize = 24;

const TIMED_OUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/json\r\n\
      Content-Length: 49\r\n\r\n{\"error\":\"the request head was not sent in time\"}";
const TOO_MANY_LARGE_HEADS: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 2\r\nContent-Type: application/json\r\n\
      Content-Length: 75\r\n\r\n{\"error\":\"too many requests with large headers at once, try again shortly\"}";
pub const TOO_MANY_CONNECTIONS: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 2\r\nContent-Type: application/json\r\n\
      Content-Length: 59\r\n\r\n{\"error\":\"too many connections at once, try again shortly\"}";

pub struct Socket {
    stream: TcpStream,
    connection: Arc<Connection>,
    limits: ConnectionLimits,
    large_heads: FairPool,
    head: Head,
    write: Write,
}

/// The head being read.
#[derive(Default)]
struct Head {
    bytes: usize,
    deadline: Option<Pin<Box<Sleep>>>,
    large: Option<FairPlace>,
}

/// A response whose reader is slow.
#[derive(Default)]
struct Write {
    window: Option<Pin<Box<Sleep>>>,
    bytes: u64,
}

impl Socket {
    pub fn new(
        stream: TcpStream,
        connection: Arc<Connection>,
        limits: ConnectionLimits,
        large_heads: FairPool,
    ) -> Self {
        let (head, write) = (Head::default(), Write::default());
        Self { stream, connection, limits, large_heads, head, write }
    }

    /// Counts what was read of a head.
    fn count_head(&mut self, bytes: usize) -> io::Result<()> {
        if self.connection.phase() == Phase::Idle {
            self.connection.enter(Phase::Head);
            let deadline = Instant::now() + Duration::from_secs(self.limits.head_seconds);
            self.head = Head { deadline: Some(Box::pin(sleep_until(deadline))), ..Head::default() };
        }
        self.head.bytes += bytes;
        if self.head.bytes > SMALL_HEAD_BYTES && self.head.large.is_none() {
            // The buffer stays as large as the head made it, so connection and permit end with this request.
            self.connection.mark_large();
            self.head.large = self.large_heads.admit(&format!("{:?}", self.connection.group));
            if self.head.large.is_none() {
                return Err(self.refuse(TOO_MANY_LARGE_HEADS));
            }
        }
        Ok(())
    }

    /// No other data is being sent while a head is read.
    fn refuse(&self, response: &[u8]) -> io::Error {
        // A client that does not read it misses nothing.
        let _ = self.stream.try_write(response);
        io::ErrorKind::TimedOut.into()
    }

    fn poll_head_deadline(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let expired =
            self.head.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(context).is_ready());
        if expired && self.connection.phase() == Phase::Head {
            return Err(self.refuse(TIMED_OUT));
        }
        Ok(())
    }

    /// Records a write: all, some or nothing was accepted. Fails when the reader is slower than the least rate.
    fn count_write(
        &mut self,
        written: Poll<io::Result<usize>>,
        len: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(bytes)) if *bytes < len => self.write.bytes += *bytes as u64,
            Poll::Ready(_) => self.write = Write::default(),
            Poll::Pending => {
                let time = Duration::from_secs(self.limits.silence_seconds);
                let least = self.limits.write_bytes_per_second * self.limits.silence_seconds;
                let window = self.write.window.get_or_insert_with(|| Box::pin(sleep(time)));
                while window.as_mut().poll(context).is_ready() {
                    if self.write.bytes < least {
                        return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                    }
                    self.write.bytes = 0;
                    window.as_mut().reset(Instant::now() + time);
                }
            }
        }
        written
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if !matches!(self.connection.phase(), Phase::Idle | Phase::Head) {
            return read;
        }
        if read.is_pending() {
            self.poll_head_deadline(context)?;
        }
        ready!(read)?;
        let bytes = buffer.filled().len() - before;
        if bytes > 0 {
            self.count_head(bytes)?;
            // Also when the client never lets the socket run dry.
            self.poll_head_deadline(context)?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count_write(written, bytes.len(), context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = buffers.iter().map(|buffer| buffer.len()).sum();
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.count_write(written, len, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_responses_are_whole() {
        for response in [TIMED_OUT, TOO_MANY_LARGE_HEADS, TOO_MANY_CONNECTIONS] {
            let text = std::str::from_utf8(response).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}: {}", body.len());
            assert!(!head.contains("  "), "{head}");
        }
    }
}
