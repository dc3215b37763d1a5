//! The mark of the facts to which the live records belong. The key of the mark is in partition 0, beside the register
//! of nodes.

use crate::RedisDirectory;
use crate::errors::{RedisOpenError, corrupt};
use crate::figures::RedisCall;
use crate::keys::Keys;
use lamplight_directory::DirectoryError;
use lamplight_model::FactsMark;
use redis::aio::MultiplexedConnection;

/// The partition that contains the key.
pub(crate) const PARTITION: u16 = 0;

const INVALID: &str = "the directory has an invalid mark of the facts";

impl RedisDirectory {
    /// Reads the mark of the facts to which the live records belong; `None` if no node has noted a mark.
    pub async fn noted_facts(&self) -> Result<Option<FactsMark>, DirectoryError> {
        let doing = "reading the mark of the facts";
        let answer = self.call_facts(None, doing).await?;
        if answer.is_empty() {
            return Ok(None);
        }
        mark_of(&answer).map(Some).ok_or_else(|| corrupt(doing, INVALID))
    }

    /// Notes the mark of the facts to which the live records belong. Returns the mark that is stored afterwards. It
    /// differs from `mark` if another node has noted a later position, or a mark of another history.
    pub async fn note_facts(&self, mark: FactsMark) -> Result<FactsMark, DirectoryError> {
        let doing = "noting the mark of the facts";
        let answer = self.call_facts(Some(mark), doing).await?;
        mark_of(&answer).ok_or_else(|| corrupt(doing, INVALID))
    }

    async fn call_facts(
        &self,
        mark: Option<FactsMark>,
        doing: &'static str,
    ) -> Result<Vec<String>, DirectoryError> {
        let mut call = self.shared.scripts.facts.prepare_invoke();
        call.key(self.shared.keys.facts(PARTITION));
        if let Some(FactsMark { history, count }) = mark {
            call.arg(history).arg(count);
        }
        let calling = self.shared.invoke(PARTITION, &call, doing);
        self.shared.within(RedisCall::Upkeep, doing, calling).await
    }
}

/// Reads the mark from the server of its partition, and changes nothing.
pub(crate) async fn read(
    connection: &mut MultiplexedConnection,
    keys: &Keys,
) -> Result<Option<FactsMark>, RedisOpenError> {
    let mut ask = redis::cmd("HMGET");
    ask.arg(keys.facts(PARTITION)).arg("history").arg("count");
    let asked = ask.query_async::<Vec<Option<String>>>(connection).await;
    let found = asked.map_err(RedisOpenError::while_doing("reading the mark of the facts"))?;
    Ok(mark_of(&found.into_iter().flatten().collect::<Vec<_>>()))
}

fn mark_of(answer: &[String]) -> Option<FactsMark> {
    let [history, count] = answer else { return None };
    Some(FactsMark { history: history.parse().ok()?, count: count.parse().ok()? })
}
