//! The WebSocket framing: each protobuf message is a binary WebSocket message.

use super::{Incoming, READ_CHUNK};
use crate::{LinkEnd, TransportError};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _, future};
use lamplight_wire::{MAX_SERVER_MESSAGE, SUBPROTOCOL_PROTOBUF, v1};
use prost::Message as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::Receiver;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};

/// Upgrades the stream to WebSocket with the protobuf subprotocol.
pub(super) async fn handshake<S>(stream: S, uri: Uri) -> Result<WebSocketStream<S>, TransportError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL_PROTOBUF);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_CHUNK)
        .max_message_size(Some(MAX_SERVER_MESSAGE))
        .max_frame_size(Some(MAX_SERVER_MESSAGE));
    let upgraded = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await;
    upgraded.map(|(socket, _)| socket).map_err(|error| TransportError::new("opening the WebSocket", error))
}

/// Sends and receives messages until the socket ends.
pub(super) async fn pump<S>(
    socket: WebSocketStream<S>,
    outgoing: Receiver<v1::ClientMessage>,
    incoming: Incoming,
) -> LinkEnd
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (sink, stream) = socket.split();
    let writing = async {
        if let Err(error) = write(sink, outgoing).await {
            // After a failed write, the pump continues to read, because the final message of the server may still
            // arrive.
            tracing::debug!(%error, "the link cannot be written to");
        }
        future::pending().await
    };
    tokio::select! {
        end = read(stream, incoming) => end,
        end = writing => end,
    }
}

async fn write<S>(
    mut sink: SplitSink<WebSocketStream<S>, Message>,
    mut outgoing: Receiver<v1::ClientMessage>,
) -> Result<(), tungstenite::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = outgoing.recv().await {
        sink.feed(Message::binary(message.encode_to_vec())).await?;
        while let Ok(message) = outgoing.try_recv() {
            sink.feed(Message::binary(message.encode_to_vec())).await?;
        }
        sink.flush().await?;
    }
    Ok(())
}

async fn read<S>(mut stream: SplitStream<WebSocketStream<S>>, incoming: Incoming) -> LinkEnd
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = stream.next().await {
        match message {
            Ok(Message::Binary(bytes)) => {
                if let Err(end) = incoming.put(&bytes).await {
                    return end;
                }
            }
            // The library itself answers a ping.
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(Message::Close(_)) => return LinkEnd::Closed,
            Ok(Message::Text(_) | Message::Frame(_)) => {
                return LinkEnd::Protocol("a WebSocket message that is not binary");
            }
            Err(error) => return LinkEnd::Failed(TransportError::new("receiving", error)),
        }
    }
    LinkEnd::Closed
}
