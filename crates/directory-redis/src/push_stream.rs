//! The connection for pushed log batches, below the client library. It passes each batch directly from the read buffer
//! to the code that handles batches, because the library would copy a batch three times. It passes everything else to
//! the library.

use crate::frames::Frame;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The number of bytes that are read at once. If a frame is longer, more bytes are read.
const READ_AT_ONCE: usize = 64 * 1024;

/// A connection whose messages of sharded pub/sub are passed to `heard`, with their channel.
pub(crate) struct PushStream<S, F> {
    inner: S,
    heard: F,
    /// The bytes that were read. The bytes before `begin` were processed, and the bytes from `end` on are free.
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
    /// The end of the bytes that the Redis library must read. These bytes start at `begin`.
    for_library: usize,
    /// Whether the library gets all further bytes, because the connection has sent bytes that are no frames.
    gives_up: bool,
}

impl<S, F: FnMut(&[u8], &[u8])> PushStream<S, F> {
    pub(crate) fn new(inner: S, heard: F) -> Self {
        let buffer = vec![0; READ_AT_ONCE];
        Self { inner, heard, buffer, begin: 0, end: 0, for_library: 0, gives_up: false }
    }

    /// Passes the pub/sub messages from `begin` on to `heard`. Stops at the first other frame, which the Redis library
    /// must read.
    fn sort(&mut self) {
        while !self.gives_up {
            match Frame::first(&self.buffer[self.begin..self.end]) {
                Frame::Message { channel, message, end } => {
                    (self.heard)(channel, message);
                    self.begin += end;
                    self.for_library = self.begin;
                }
                Frame::Other { end } => {
                    self.for_library = self.begin + end;
                    return;
                }
                Frame::Incomplete => return,
                Frame::Malformed => self.gives_up = true,
            }
        }
        self.for_library = self.end;
    }

    /// Makes room for a read. Moves the rest of the last frame to the front, and enlarges the buffer for a long frame.
    fn make_room(&mut self) {
        if self.begin == self.end {
            (self.begin, self.end) = (0, 0);
            if self.buffer.len() > READ_AT_ONCE {
                self.buffer = vec![0; READ_AT_ONCE];
            }
        } else if self.buffer.len() - self.end < READ_AT_ONCE / 2 {
            self.buffer.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
            if self.buffer.len() - self.end < READ_AT_ONCE / 2 {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        self.for_library = self.begin;
    }
}

impl<S: AsyncRead + Unpin, F: FnMut(&[u8], &[u8]) + Unpin> AsyncRead for PushStream<S, F> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        target: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.begin == this.for_library {
                this.sort();
            }
            if this.begin < this.for_library {
                let length = target.remaining().min(this.for_library - this.begin);
                target.put_slice(&this.buffer[this.begin..this.begin + length]);
                this.begin += length;
                return Poll::Ready(Ok(()));
            }
            this.make_room();
            let mut room = ReadBuf::new(&mut this.buffer[this.end..]);
            ready!(Pin::new(&mut this.inner).poll_read(context, &mut room))?;
            let read = room.filled().len();
            if read == 0 {
                return Poll::Ready(Ok(()));
            }
            this.end += read;
        }
    }
}

impl<S: AsyncWrite + Unpin, F: Unpin> AsyncWrite for PushStream<S, F> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tokio::io::AsyncReadExt;

    fn push(channel: &str, message: &str) -> String {
        let (of_channel, of_message) = (channel.len(), message.len());
        format!(">3\r\n$8\r\nsmessage\r\n${of_channel}\r\n{channel}\r\n${of_message}\r\n{message}\r\n")
    }

    /// Sends bytes in parts of this size. Returns the messages that the reader gets, and the bytes that the library
    /// gets.
    async fn play(sent: &str, part: usize) -> (Vec<String>, String) {
        let (mut near, far) = tokio::io::duplex(part);
        let sent = sent.as_bytes().to_vec();
        let sending = tokio::spawn(async move {
            tokio::io::AsyncWriteExt::write_all(&mut near, &sent).await.unwrap();
        });
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let into = Arc::clone(&heard);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut stream = PushStream::new(far, move |channel: &[u8], message: &[u8]| {
            into.lock().unwrap().push(format!("{} {}", text(channel), text(message)));
        });
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        sending.await.unwrap();
        let heard = heard.lock().unwrap().clone();
        (heard, rest)
    }

    #[tokio::test]
    async fn messages_and_answers_go_separate_ways_in_whatever_parts_they_come() {
        let sent = [
            push("a", "1"),
            "+OK\r\n".to_owned(),
            push("b", "2:\r\n"),
            push("c", ""),
            "*1\r\n$3\r\nx\r\n\r\n".to_owned(),
            push("d", &"y".repeat(300)),
        ]
        .concat();
        for part in [1, 2, 3, 7, 50, 10_000] {
            let (heard, rest) = play(&sent, part).await;
            let expected = ["a 1", "b 2:\r\n", "c ", &format!("d {}", "y".repeat(300))];
            assert_eq!(heard, expected, "{part}");
            assert_eq!(rest, "+OK\r\n*1\r\n$3\r\nx\r\n\r\n", "{part}");
        }
    }

    #[tokio::test]
    async fn a_frame_may_be_longer_than_the_buffer() {
        let long = "z".repeat(5 * READ_AT_ONCE);
        let answer = format!("${}\r\n{long}\r\n", long.len());
        let sent = format!("{}{}{answer}{}", push("a", "1"), push("b", &long), push("c", "3"));
        let (heard, rest) = play(&sent, 100_000).await;
        assert_eq!(heard, ["a 1".to_owned(), format!("b {long}"), "c 3".to_owned()]);
        assert_eq!(rest, answer);
    }

    #[tokio::test]
    async fn the_library_gets_what_is_no_frame() {
        let (heard, rest) = play(&format!("{}HTTP/1.1 400\r\n{}", push("a", "1"), push("b", "2")), 20).await;
        assert_eq!(heard, ["a 1"]);
        assert_eq!(rest, format!("HTTP/1.1 400\r\n{}", push("b", "2")));
    }
}
