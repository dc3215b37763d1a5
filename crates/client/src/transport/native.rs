//! The native framing: a preamble, and then messages that are each preceded by their length.

use super::{Incoming, READ_CHUNK};
use crate::{LinkEnd, TransportError};
use bytes::{Buf as _, BytesMut};
use futures_util::future;
use lamplight_wire::{Framed, MAX_SERVER_MESSAGE, NATIVE_PREAMBLE, next_frame, put_frame, v1};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc::Receiver;

/// Sends and receives messages until the stream ends.
pub(super) async fn pump<S>(stream: S, outgoing: Receiver<v1::ClientMessage>, incoming: Incoming) -> LinkEnd
where
    S: AsyncRead + AsyncWrite,
{
    let (reader, writer) = tokio::io::split(stream);
    let writing = async {
        if let Err(error) = write(writer, outgoing).await {
            // After a failed write, the pump continues to read, because the final message of the server may still
            // arrive. Reading then reports the end.
            tracing::debug!(%error, "the link cannot be written to");
        }
        future::pending().await
    };
    tokio::select! {
        end = read(reader, incoming) => end,
        end = writing => end,
    }
}

async fn write(
    mut writer: impl AsyncWrite + Unpin,
    mut outgoing: Receiver<v1::ClientMessage>,
) -> std::io::Result<()> {
    let mut bytes = NATIVE_PREAMBLE.to_vec();
    while let Some(message) = outgoing.recv().await {
        put_frame(&mut bytes, &message);
        while let Ok(message) = outgoing.try_recv() {
            put_frame(&mut bytes, &message);
        }
        writer.write_all(&bytes).await?;
        writer.flush().await?;
        bytes = Vec::new();
    }
    Ok(())
}

async fn read(mut reader: impl AsyncRead + Unpin, incoming: Incoming) -> LinkEnd {
    let mut bytes = BytesMut::new();
    loop {
        let taken = match next_frame(&bytes, MAX_SERVER_MESSAGE) {
            Ok(Framed::Frame { message, taken }) => {
                if let Err(end) = incoming.put(message).await {
                    return end;
                }
                taken
            }
            Ok(Framed::Incomplete) => {
                bytes.reserve(READ_CHUNK);
                match reader.read_buf(&mut bytes).await {
                    Ok(0) => return LinkEnd::Closed,
                    Ok(_) => {}
                    Err(error) => return LinkEnd::Failed(TransportError::new("receiving", error)),
                }
                0
            }
            Err(_) => return LinkEnd::Protocol("the received bytes are not a frame"),
        };
        bytes.advance(taken);
    }
}
