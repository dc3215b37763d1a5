//! The server side of the control socket.

use super::executor::{Executor, answer, refused};
use super::line::{read_line, write_line};
use crate::audit::Audit;
use crate::clock::Clock;
use crate::console::Operators;
use crate::data_folder;
use crate::webhooks::Webhooks;
use lamplight_directory::Nodes;
use lamplight_model::{Code, Refusal};
use lamplight_service::Service;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::io::BufReader;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::AbortHandle;

/// Serves the control socket in a task. To stop it, abort the returned handle.
pub fn serve(
    path: &Path,
    service: Arc<Service>,
    nodes: Option<Arc<dyn Nodes>>,
    webhooks: Arc<Webhooks>,
    operators: Arc<Operators>,
    audit: Audit,
    clock: Clock,
) -> io::Result<AbortHandle> {
    let executor = Arc::new(Executor { service, webhooks: Some(webhooks), nodes, operators, audit, clock });
    // A killed node may have left its socket file behind. This node has locked the folder, so no other node uses the
    // socket.
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(path)?;
    // A process that may open the socket may do anything, so other users are denied access to the socket. Until the
    // mode of the socket is set, the mode of the folder denies access.
    data_folder::close_to_others(path)?;
    let task = tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let executor = Arc::clone(&executor);
                    tokio::spawn(async move {
                        if let Err(error) = converse(stream, &executor).await {
                            tracing::debug!(%error, "a connection to the control socket ended with an error");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket cannot accept connections");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    });
    Ok(task.abort_handle())
}

async fn converse(stream: UnixStream, executor: &Executor) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    while let Some(line) = read_line(&mut reader).await? {
        let outcome = match serde_json::from_str(&line) {
            Ok(operation) => answer(executor, operation).await,
            Err(error) => refused(&Refusal::because(Code::INVALID_PARAMETER, error.to_string())),
        };
        write_line(&mut writer, &outcome).await?;
    }
    Ok(())
}
