//! The errors of the control socket.

use crate::data_folder::DataFolderError;
use lamplight_facts::FactsError;
use lamplight_service::ServiceError;
use std::io;
use std::path::PathBuf;

/// The error of an operation that could not be sent to a node, or be carried out without one.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No node runs on this data folder.
    #[error("no Lamplight server is running on the data folder {0}; start one with `lamplight serve`")]
    NotRunning(PathBuf),
    /// The node closed the connection, or sent something that is not an answer.
    #[error("the server did not answer: {0}")]
    NoAnswer(io::Error),
    /// The data folder cannot be used without a node.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// The database cannot be opened.
    #[error("cannot open the database: {0}")]
    Facts(#[from] FactsError),
    /// The service cannot be started.
    #[error(transparent)]
    Service(#[from] ServiceError),
}
