//! The framing of the control socket: one JSON object per line, in each direction. The length of a line is limited.

use crate::data_folder;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// The longest line, in bytes. Such a line has room for 10,000 accounts, or a list of about 100,000 friends.
const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;

/// Returns the path of the control socket in a data folder.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join(data_folder::SOCKET)
}

pub(super) async fn read_line(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<String>> {
    let mut line = String::new();
    let length = reader.take(MAX_LINE_BYTES).read_line(&mut line).await?;
    if length as u64 == MAX_LINE_BYTES && !line.ends_with('\n') {
        let why = format!("the line is longer than {MAX_LINE_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok((length > 0).then_some(line))
}

pub(super) async fn write_line(writer: &mut OwnedWriteHalf, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    writer.write_all(&line).await
}
