//! The connection that holds a program's claim to the database. It stays open while the program runs, even if no call
//! is made.

use crate::admission::Admission;
use crate::connecting::Connecting;
use crate::fault::{Cause, Fault, NoAnswer};
use crate::outage::Kind;
use crate::rows::Result;
use lamplight_facts::FactsError;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::{AbortHandle, JoinHandle};
use tokio_postgres::Client;

/// The interval between two checks of the connection.
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// The pause after a failed attempt to connect.
const PAUSE: Duration = Duration::from_millis(500);

/// The pause between two attempts to claim the database at the start of a program.
const START_PAUSE: Duration = Duration::from_millis(200);

/// The task that keeps the connection of the claim. Dropping the value ends the claim.
pub(crate) struct Guard(AbortHandle);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Guard {
    /// Claims the database, and claims it again whenever the connection is lost. If other programs have a claim that
    /// excludes this one, waits up to `patience` until they have ended.
    pub(crate) async fn start(
        connecting: Connecting,
        admission: Arc<Admission>,
        patience: Duration,
        doing: &'static str,
    ) -> std::result::Result<Self, FactsError> {
        let mut waited = Duration::ZERO;
        let held = loop {
            match Held::open(&connecting, &admission).await {
                Ok(held) => break held,
                Err(fault) if waited < patience && matches!(fault.cause(), Some(Cause::InUse(_))) => {
                    tokio::time::sleep(START_PAUSE).await;
                    waited += START_PAUSE;
                }
                Err(fault) => return Err(fault.of(doing)),
            }
        };
        Ok(Self(tokio::spawn(keep(connecting, admission, held)).abort_handle()))
    }
}

/// Keeps the claim until the task is aborted.
async fn keep(connecting: Connecting, admission: Arc<Admission>, first: Held) {
    let mut held = Some(first);
    loop {
        if let Some(held) = held.take() {
            held.until_lost(&connecting, &admission).await;
            tracing::debug!("the connection that claims the database is made again");
        }
        match Held::open(&connecting, &admission).await {
            Ok(new) => {
                admission.succeeded(Kind::Admission);
                held = Some(new);
            }
            Err(fault) => {
                // Calls note other failures themselves.
                if fault.cause().is_some_and(Cause::is_refusal) {
                    admission.failed(Kind::Admission, &fault);
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// An open connection with the claim.
struct Held {
    client: Client,
    driver: JoinHandle<()>,
}

impl Held {
    async fn open(connecting: &Connecting, admission: &Admission) -> Result<Self> {
        let timeout = connecting.timeout();
        let open = async {
            let (client, driver) = connecting.connect().await?;
            let held = Self { client, driver };
            held.client.batch_execute(&admission.statements()).await?;
            Ok(held)
        };
        // The time limit applies to connecting, and again to the statements.
        let done = tokio::time::timeout(timeout * 2, open).await;
        done.unwrap_or_else(|_| Err(Fault::Late(NoAnswer(timeout * 2))))
    }

    /// Returns when the connection is lost or gives no answer in time, or when another connection was refused.
    async fn until_lost(mut self, connecting: &Connecting, admission: &Admission) {
        loop {
            tokio::select! {
                _ = &mut self.driver => break,
                () = admission.doubted() => return,
                () = tokio::time::sleep(CHECK_EVERY) => {}
            }
            // Without a mark, the empty statement asks for an answer.
            let check = admission.mark_statement();
            match tokio::time::timeout(connecting.timeout(), self.client.batch_execute(&check)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    let fault = Fault::from(error);
                    if fault.cause().is_some_and(Cause::is_refusal) {
                        admission.failed(Kind::Admission, &fault);
                    }
                    return;
                }
                Err(_) => break,
            }
        }
        // The idle connections of the pool may be broken too. If they stayed in the pool, each broken connection would
        // make a call wait for its timeout.
        admission.suspect_connections(Instant::now());
    }
}
