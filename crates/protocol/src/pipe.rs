//! A stream in memory, for a protocol library that reads from one stream and writes to one.

use std::io::{self, Read, Write};

/// The reading and the writing end that a protocol library expects, over bytes in memory.
pub struct Pipe<'a, 'b> {
    /// The bytes received.
    pub input: &'a mut &'b [u8],
    /// The bytes to send.
    pub output: &'a mut Vec<u8>,
    /// The number of input bytes that may be read; after them, reading reports that it would block.
    pub readable: usize,
}

impl Read for Pipe<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.readable);
        if self.input.is_empty() || length == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = self.input.read(&mut buffer[..length])?;
        self.readable -= read;
        Ok(read)
    }
}

impl Write for Pipe<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
