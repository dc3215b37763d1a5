//! Executes operations on a data folder that no node uses. For these operations, the service has only the database.

use super::executor::{Executor, answer, refused};
use super::{ControlError, Operation, Outcome, WebhookOperation};
use crate::audit::Audit;
use crate::clock::Clock;
use crate::console::Operators;
use crate::data_folder::{self, DataFolderError, FolderLock, IfMissing};
use crate::facts_store::{self, FactsSettings, FactsStore};
use lamplight_directory::InProcessDirectory;
use lamplight_model::{Code, Refusal, Timestamp};
use lamplight_service::{Service, ThrottleLimits};
use std::sync::Arc;
use std::time::Duration;

/// Opens the store, and locks the data folder. If the operation only reads, also opens a database in PostgreSQL that
/// nodes use, or whose data folder does not exist. Such a database is opened for reading only, and the returned flag is
/// `true`.
async fn open(
    settings: &FactsSettings,
    operation: &Operation,
    missing: IfMissing,
) -> Result<(FactsStore, bool, Option<FolderLock>), ControlError> {
    let mut settings = settings.clone();
    let only_reads = operation.only_reads_facts();
    let lock = match (data_folder::lock(&settings.data_dir, missing), &settings.postgres) {
        (Err(DataFolderError::NoData(_)), Some(postgres)) if only_reads => {
            return Ok((FactsStore::open_to_read(postgres).await?, true, None));
        }
        (lock, _) => Some(lock?),
    };
    if let Some(postgres) = settings.postgres.as_mut().filter(|_| only_reads) {
        // The operation does not wait until the nodes have ended.
        postgres.patience = Duration::ZERO;
    }
    let error = match FactsStore::open(&settings).await {
        Ok(store) => return Ok((store, false, lock)),
        Err(error) => error,
    };
    match (facts_store::in_use(&error), &settings.postgres) {
        (Some(_), Some(postgres)) if only_reads => {
            Ok((FactsStore::open_to_read(postgres).await?, true, lock))
        }
        (Some(in_use), _) => Err(in_use.into()),
        (None, _) => Err(error.into()),
    }
}

/// Executes an operation on a data folder that no node uses. An operation that needs a running node is refused. If
/// nodes on other data folders use the same database, only operations that read facts are executed.
pub async fn offline(
    settings: &FactsSettings,
    operation: Operation,
    missing: IfMissing,
) -> Result<Outcome, ControlError> {
    let data_dir = &settings.data_dir;
    let is_live = matches!(
        operation,
        Operation::GetStatus { .. }
            | Operation::SetStatus { .. }
            | Operation::ListOnline { .. }
            | Operation::KeySources
            | Operation::ListNodes
            | Operation::DrainNode { .. }
            | Operation::Webhooks(WebhookOperation::Test { .. })
    );
    if is_live {
        return Err(ControlError::NotRunning(data_dir.to_owned()));
    }
    let clock = Clock::default();
    let (store, is_beside_nodes, _lock) = open(settings, &operation, missing).await?;
    let facts = store.facts();
    let audit = Audit::new(Arc::clone(&facts), clock.clone());
    let directory = Arc::new(InProcessDirectory::in_memory());
    let log = Arc::<InProcessDirectory>::clone(&directory);
    let service = Arc::new(Service::new(facts, directory, log, ThrottleLimits::default()));
    if is_beside_nodes {
        // Running nodes complete unfinished deletions. The operation needs only the apps.
        service.begin_in_cluster().await?;
    } else {
        service.recover(Vec::new(), Timestamp::default(), clock.now()).await?;
    }
    let operators = match Operators::open(store.shared(), data_dir).await {
        Ok(operators) => Arc::new(operators),
        Err(error) => return Ok(refused(&Refusal::because(Code::INTERNAL, error.to_string()))),
    };
    let mut is_more = matches!(operation, Operation::DeleteApp { .. });
    let executor = Executor { service, webhooks: None, nodes: None, operators, audit, clock };
    let outcome = answer(&executor, operation).await;
    // The data of a deleted app is deleted here, because no node does it in the background. If this loop is
    // interrupted, the next node that starts deletes the rest.
    while is_more {
        match executor.service.deletions().proceed(executor.clock.now()).await {
            Ok(more) => is_more = more,
            Err(error) => return Ok(refused(&error.refusal())),
        }
    }
    Ok(outcome)
}
