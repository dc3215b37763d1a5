//! Rate limits over all nodes. The calls of a user are counted in the user's partition. The calls of an app are counted
//! in a partition that depends on the app and the command.

use crate::RedisDirectory;
use crate::errors::{corrupt, unavailable};
use crate::figures::RedisCall;
use futures_util::future::FutureExt;
use lamplight_directory::{DirectoryError, Limited, Limits, LimitsAnswer, LimitsError, Taken};
use lamplight_model::{Moment, RateLimit};
use std::time::{Duration, Instant};

/// The longest wait for an answer. If no answer arrives within this time, the caller counts the call itself.
const PATIENCE: Duration = Duration::from_millis(500);

impl Limits for RedisDirectory {
    fn take<'a>(&'a self, what: Limited<'a>, limit: RateLimit, now: Moment) -> LimitsAnswer<'a> {
        async move {
            let (partition, rests) = (self.shared.keys.partition_of_calls(what), &self.shared.limit_rests);
            if rests.has(partition, Instant::now()) {
                return Err(LimitsError);
            }
            let doing = "counting a call for its rate limit";
            let counting =
                tokio::time::timeout(PATIENCE, self.take_from_store(partition, what, limit, now, doing));
            let taken =
                counting.await.unwrap_or_else(|_| Err(unavailable(doing, "Redis did not answer in time")));
            taken.map_err(|error| {
                tracing::warn!(%error, source = ?std::error::Error::source(&error), "a rate limit is not known");
                rests.begin(partition, Instant::now());
                LimitsError
            })
        }
        .boxed()
    }

    /// Does nothing, because Redis removes the entries itself.
    fn sweep(&self, _: Moment) {}
}

impl RedisDirectory {
    async fn take_from_store(
        &self,
        partition: u16,
        what: Limited<'_>,
        limit: RateLimit,
        now: Moment,
        doing: &'static str,
    ) -> Result<Taken, DirectoryError> {
        let mut script = self.shared.scripts.limit.prepare_invoke();
        script.key(self.shared.keys.calls(partition, what));
        script.arg(now.0).arg(limit.calls).arg(limit.window_ms);
        let counting = self.shared.invoke::<String>(partition, &script, doing);
        let answer = self.shared.within(RedisCall::Limit, doing, counting).await?;
        if answer.is_empty() {
            return Ok(Taken::Allowed);
        }
        let until = answer.parse().map_err(|error| corrupt(doing, error))?;
        Ok(Taken::Refused { until: Moment(until) })
    }
}
