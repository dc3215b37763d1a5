//! The client side of the control socket, which the command line uses.

use super::line::{read_line, socket_path, write_line};
use super::{ControlError, Operation, Outcome};
use std::io;
use std::path::Path;
use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// A connection to a running node.
pub struct ControlClient {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl ControlClient {
    /// Connects to the node that uses this data folder.
    pub async fn connect(data_dir: &Path) -> Result<Self, ControlError> {
        let stream = UnixStream::connect(socket_path(data_dir)).await;
        let stream = stream.map_err(|_| ControlError::NotRunning(data_dir.to_owned()))?;
        let (reader, writer) = stream.into_split();
        Ok(Self { reader: BufReader::new(reader), writer })
    }

    /// Sends an operation, and waits for the outcome.
    pub async fn ask(&mut self, operation: &Operation) -> Result<Outcome, ControlError> {
        write_line(&mut self.writer, operation).await.map_err(ControlError::NoAnswer)?;
        let line = read_line(&mut self.reader).await.map_err(ControlError::NoAnswer)?;
        let line = line.ok_or_else(|| ControlError::NoAnswer(io::ErrorKind::UnexpectedEof.into()))?;
        serde_json::from_str(&line).map_err(|error| ControlError::NoAnswer(error.into()))
    }
}
