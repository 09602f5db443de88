//! Refuses requests that say twice, and differently, where they end.
//!
//! A head with both `Content-Length` and `Transfer-Encoding` is how requests are smuggled past a
//! proxy. hyper takes the encoding, drops the length and closes afterwards, and the service cannot
//! see that there was one. So the bytes are looked at on their way to hyper: the second of the two
//! headers gets its colon spoiled, hyper answers 400 as to any broken header, and closes.
//!
//! Invariant: every byte is passed on, at once and in place; nothing else is ever changed.

use std::{
    io, mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection whose request heads are free of that contradiction.
pub(super) struct Unambiguous<IO> {
    inner: IO,
    scan: Scan,
}

impl<IO> Unambiguous<IO> {
    /// Watches over `inner`, from its first byte on.
    pub(super) fn new(inner: IO) -> Self {
        Self {
            inner,
            scan: Scan::default(),
        }
    }
}

const LENGTH: &[u8] = b"content-length";
const ENCODING: &[u8] = b"transfer-encoding";

/// The longest header name that matters.
const NAME_BYTES: usize = ENCODING.len();

/// Where in a request the next byte is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the request line, or in it.
    #[default]
    RequestLine,
    /// At the start of a line of the head.
    LineStart,
    /// In a header name, of which so many bytes were kept.
    Name(usize),
    /// In the digits of a `Content-Length`.
    Length,
    /// In the rest of a line.
    Rest,
    /// In the body, of which so many bytes are still to come.
    Body(u64),
    /// After the head of a chunked request. Its answer closes the connection
    /// (see [`super::guard`]), so nothing that follows is another request.
    Chunks,
}

#[derive(Debug, Default)]
struct Scan {
    at: At,
    name: [u8; NAME_BYTES],
    length: Option<u64>,
    encoded: bool,
    line_has_text: bool,
}

impl Scan {
    /// Looks at the next bytes of the connection and spoils what contradicts.
    fn check(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let done = self.step(bytes).min(bytes.len());
            bytes = bytes.split_at_mut(done).1;
        }
    }

    /// Takes at least one byte and says how many.
    fn step(&mut self, bytes: &mut [u8]) -> usize {
        match self.at {
            At::Chunks => bytes.len(),
            At::Body(left) => {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let left = left - here as u64;
                self.at = if left == 0 {
                    At::RequestLine
                } else {
                    At::Body(left)
                };
                here
            }
            At::RequestLine => {
                let end = newline(bytes);
                let line = bytes.iter().take(end.unwrap_or(bytes.len()));
                self.line_has_text |= line.clone().any(|byte| *byte != b'\r');
                // Empty lines before a request are allowed.
                if end.is_some() && mem::take(&mut self.line_has_text) {
                    self.at = At::LineStart;
                }
                end.map_or(bytes.len(), |end| end + 1)
            }
            At::Rest => match newline(bytes) {
                Some(end) => {
                    self.at = At::LineStart;
                    end + 1
                }
                None => bytes.len(),
            },
            At::LineStart | At::Name(_) | At::Length => {
                if let Some(byte) = bytes.first_mut() {
                    self.take(byte);
                }
                1
            }
        }
    }

    fn take(&mut self, byte: &mut u8) {
        match (self.at, *byte) {
            (At::LineStart, b'\n') => self.end_of_head(),
            (At::LineStart, b'c' | b'C' | b't' | b'T') => self.keep(0, *byte),
            (At::Name(kept), b':') => self.end_of_name(kept, byte),
            (_, b'\n') => self.at = At::LineStart,
            (At::Name(kept), _) => self.keep(kept, *byte),
            (At::Length, b'0'..=b'9') => {
                // hyper refuses what overflows.
                let digit = u64::from(*byte - b'0');
                self.length = Some(
                    self.length
                        .unwrap_or(0)
                        .saturating_mul(10)
                        .saturating_add(digit),
                );
            }
            (At::LineStart, b'\r') | (At::Length, _) => {}
            _ => self.at = At::Rest,
        }
    }

    fn keep(&mut self, kept: usize, byte: u8) {
        match self.name.get_mut(kept) {
            Some(place) => {
                *place = byte.to_ascii_lowercase();
                self.at = At::Name(kept + 1);
            }
            None => self.at = At::Rest,
        }
    }

    fn end_of_name(&mut self, kept: usize, colon: &mut u8) {
        let name = self.name.get(..kept).unwrap_or_default();
        self.at = At::Rest;
        if name == LENGTH {
            if self.encoded {
                *colon = 0;
            }
            self.length = Some(0);
            self.at = At::Length;
        } else if name == ENCODING {
            if self.length.is_some() {
                *colon = 0;
            }
            self.encoded = true;
        }
    }

    fn end_of_head(&mut self) {
        self.at = match (self.encoded, self.length) {
            (true, _) => At::Chunks,
            (false, None | Some(0)) => At::RequestLine,
            (false, Some(length)) => At::Body(length),
        };
        self.length = None;
        self.encoded = false;
    }
}

fn newline(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n')
}

impl<IO: AsyncRead + Unpin> AsyncRead for Unambiguous<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        if let Some(new) = buffer.filled_mut().get_mut(before..) {
            self.scan.check(new);
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Unambiguous<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 34\r\n\r\n\
                         Transfer-Encoding: a\nContent-Leng:";
    const GET: &str = "\r\nGET /b HTTP/1.1\nhost: x\nx-transfer-encoding: y\n\n";
    const CHUNKED: &str = "POST /c HTTP/1.1\r\nTransfer-encoding: chunked\r\n\r\n\
                           5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n";
    const BOTH: &str =
        "POST /d HTTP/1.1\r\nCONTENT-length: 3\r\nT: x\r\ntransfer-Encoding: chunked\r\n\r\n";
    const BOTH_TURNED: &str =
        "POST /d HTTP/1.1\r\nTransfer-Encoding: chunked\r\ncontent-length:3\r\n\r\n";

    /// What is passed on of `sent`, when it arrives in pieces of `size` bytes.
    fn passed(sent: &str, size: usize) -> String {
        let mut bytes = sent.as_bytes().to_vec();
        let mut scan = Scan::default();
        for piece in bytes.chunks_mut(size) {
            scan.check(piece);
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_second_of_two_contradicting_headers_is_spoiled_however_it_arrives() {
        for size in 1..200 {
            for (before, bad, header) in [
                ("", BOTH, "transfer-Encoding"),
                ("", BOTH_TURNED, "content-length"),
                (PLAIN, BOTH, "transfer-Encoding"),
                (GET, BOTH_TURNED, "content-length"),
            ] {
                let sent = format!("{before}{bad}");
                let spoiled = format!(
                    "{before}{}",
                    bad.replace(&format!("{header}:"), &format!("{header}\0"))
                );
                assert_eq!(passed(&sent, size), spoiled, "in pieces of {size}");
            }
        }
    }

    #[test]
    fn everything_else_is_passed_on_unchanged() {
        let sent = format!("{PLAIN}{GET}{PLAIN}{GET}{GET}{CHUNKED}");
        for size in 1..200 {
            assert_eq!(passed(&sent, size), sent, "in pieces of {size}");
        }
    }
}
