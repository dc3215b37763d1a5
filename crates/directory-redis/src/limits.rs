//! Rate limits over all nodes. The calls of a user are counted in the user's partition.

use crate::RedisDirectory;
use futures_util::future::FutureExt;
use lamplight_core::Call;
use lamplight_directory::{Limits, LimitsAnswer, LimitsError};
use lamplight_model::{Moment, RateLimit, User};

impl Limits for RedisDirectory {
    fn take<'a>(&'a self, user: &'a User, call: Call, limit: RateLimit, now: Moment) -> LimitsAnswer<'a> {
        async move {
            let doing = "counting a call of a user";
            let partition = self.shared.keys.partition_of(user);
            let mut script = self.shared.scripts.limit.prepare_invoke();
            script.key(self.shared.keys.calls(partition, user, call));
            script.arg(now.0).arg(limit.calls).arg(limit.window_ms);
            let counting = self.shared.invoke(partition, &script, doing);
            match self.shared.within(doing, counting).await {
                Ok(allowed) => Ok(allowed),
                Err(error) => {
                    tracing::warn!(%error, source = ?std::error::Error::source(&error), "a rate limit is not known");
                    Err(LimitsError)
                }
            }
        }
        .boxed()
    }

    /// Redis drops the entries by itself.
    fn sweep(&self, _: Moment) {}
}
