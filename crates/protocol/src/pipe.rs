//! A stream in memory, for a protocol library that reads from and writes to a stream.

use std::io::{self, Read, Write};

/// A stream in memory: reads take bytes from `input`, and writes append bytes to `output`.
pub struct Pipe<'a, 'b> {
    /// The received bytes.
    pub input: &'a mut &'b [u8],
    /// The bytes to be sent.
    pub output: &'a mut Vec<u8>,
    /// The number of input bytes that may still be read. After them, a read returns `WouldBlock`.
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
