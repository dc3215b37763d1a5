//! The errors of operations that the command line sends to a node or executes itself.

use crate::data_folder::DataFolderError;
use lamplight_facts::FactsError;
use lamplight_facts_postgres::InUse;
use lamplight_service::ServiceError;
use std::io;
use std::path::PathBuf;

/// The reason why an operation failed. Either it did not reach a node, or no node runs and the command line could not
/// execute it.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No node runs on this data folder.
    #[error("no Lamplight server is running on the data folder {0}; start one with `lamplight serve`")]
    NotRunning(PathBuf),
    /// The node closed the connection, or sent an invalid answer.
    #[error("the server did not answer: {0}")]
    NoAnswer(io::Error),
    /// No node runs, and the command line cannot open the data folder.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// Nodes of a cluster use the database, and the command does more than read facts.
    #[error(
        "the nodes of a cluster use the database, so this command must be sent to one of them: run it on the machine of a \
         node, with `--data-dir` of that node; or use the console; or stop all nodes"
    )]
    UsedByNodes,
    /// Another server uses the database, and the command does more than read facts.
    #[error(
        "another server or command of Lamplight uses the database: run this command on the machine of that server, with \
         `--data-dir` of that server; or use its console; or stop it"
    )]
    UsedByServer,
    /// The database cannot be opened.
    #[error("cannot open the database: {0}")]
    Facts(#[from] FactsError),
    /// The service cannot be started.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<InUse> for ControlError {
    fn from(in_use: InUse) -> Self {
        match in_use {
            InUse::ByServer => Self::UsedByServer,
            InUse::ByCluster | InUse::ByOtherCluster => Self::UsedByNodes,
        }
    }
}
