//! The register of nodes. All of its keys are in partition 0. The clock of that partition's server is the clock of the
//! register.

use crate::RedisDirectory;
use crate::errors::corrupt;
use crate::figures::RedisCall;
use crate::record_format::RecordFormat;
use futures_util::future::FutureExt;
use lamplight_directory::{Answer, DirectoryError, NodeEntry, Nodes, Register, RegisteredNode};
use lamplight_model::{Moment, NodeId, Now, Timestamp};
use serde::{Deserialize, Serialize};

/// The partition that has the keys of the register.
const PARTITION: u16 = 0;

/// The number of values per node in the answer of the script.
const VALUES: usize = 4;

/// The entry of a node, as the register stores it.
#[derive(Serialize, Deserialize)]
struct StoredEntry {
    #[serde(flatten)]
    entry: NodeEntry,
    /// The number of the newest format of records that the node reads.
    #[serde(default = "RecordFormat::first")]
    records: u8,
}

/// The answer of the script `nodes`.
struct Answered {
    register: Register,
    /// The lowest of the numbers [`StoredEntry::records`] in the register; `None` for an empty register.
    lowest_format: Option<u8>,
    /// Whether the register had an entry of the node before the call.
    was_there: bool,
}

impl Nodes for RedisDirectory {
    fn join<'a>(&'a self, node: &'a NodeEntry, _: Now) -> Answer<'a, Register> {
        async move {
            let doing = "joining the register of nodes";
            Ok(self.change_nodes("join", node.id, encode(node, doing)?, doing).await?.register)
        }
        .boxed()
    }

    fn renew<'a>(&'a self, node: &'a NodeEntry, _: Now) -> Answer<'a, Option<Register>> {
        async move {
            let doing = "renewing the lease of a node";
            let answered = self.change_nodes("renew", node.id, encode(node, doing)?, doing).await?;
            Ok(answered.was_there.then_some(answered.register))
        }
        .boxed()
    }

    fn leave(&self, node: NodeId) -> Answer<'_, ()> {
        let leaving = self.change_nodes("leave", node, String::new(), "leaving the register of nodes");
        async move { leaving.await.map(|_| ()) }.boxed()
    }

    fn remove_lost(&self, node: NodeId, beat: u64) -> Answer<'_, bool> {
        let doing = "removing a lost node from the register";
        let removing = self.change_nodes("remove", node, beat.to_string(), doing);
        async move { Ok(removing.await?.register.get(node).is_none()) }.boxed()
    }

    fn request_drain(&self, node: NodeId) -> Answer<'_, bool> {
        let requesting = self.change_nodes("drain", node, String::new(), "asking a node to drain");
        async move { Ok(requesting.await?.was_there) }.boxed()
    }

    fn read(&self, _: Now) -> Answer<'_, Register> {
        let reading = self.change_nodes("read", NodeId(0), String::new(), "reading the register of nodes");
        async move { Ok(reading.await?.register) }.boxed()
    }
}

impl RedisDirectory {
    async fn change_nodes(
        &self,
        action: &'static str,
        node: NodeId,
        value: String,
        doing: &'static str,
    ) -> Result<Answered, DirectoryError> {
        let mut call = self.shared.scripts.nodes.prepare_invoke();
        self.shared.keys.register(PARTITION).into_iter().for_each(|key| _ = call.key(key));
        call.arg(action).arg(id_text(node)).arg(value);
        let calling = self.shared.invoke(PARTITION, &call, doing);
        let answer: Vec<String> = self.shared.within(RedisCall::Nodes, doing, calling).await?;
        let answered = read_answer(&answer)
            .ok_or_else(|| corrupt(doing, "the register of nodes has an invalid entry"))?;
        self.shared.observe_formats(answered.lowest_format);
        Ok(answered)
    }
}

fn id_text(node: NodeId) -> String {
    format!("{:016x}", node.0)
}

fn encode(node: &NodeEntry, doing: &'static str) -> Result<String, DirectoryError> {
    // Nodes of two versions may run side by side: JSON lets each skip fields that it does not know.
    let stored = StoredEntry { entry: node.clone(), records: RecordFormat::NEWEST };
    serde_json::to_string(&stored).map_err(|error| corrupt(doing, error))
}

fn read_answer(answer: &[String]) -> Option<Answered> {
    let (head, nodes) = answer.split_at_checked(3)?;
    let millis = head[0].parse::<u64>().ok()? * 1_000 + head[1].parse::<u64>().ok()? / 1_000;
    let node = |values: &[String]| {
        let [id, entry, beat, drain] = values else { return None };
        let StoredEntry { entry, records } = serde_json::from_str(entry).ok()?;
        let is_its_own = id_text(entry.id) == *id;
        let is_drain_requested = drain == "1";
        is_its_own
            .then_some((records, RegisteredNode { entry, beat: beat.parse().ok()?, is_drain_requested }))
    };
    let nodes = nodes.chunks(VALUES).map(node).collect::<Option<Vec<_>>>()?;
    let lowest_format = nodes.iter().map(|(records, _)| *records).min();
    let mut nodes: Vec<RegisteredNode> = nodes.into_iter().map(|(_, node)| node).collect();
    nodes.sort_by_key(|node| node.entry.id);
    // The directory's clocks have one origin: the moments of records are times of the store.
    let at = Now { moment: Moment(millis), wall: Timestamp(millis) };
    Some(Answered { register: Register { at, nodes }, lowest_format, was_there: head[2] == "1" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_time_and_the_nodes_by_rising_id() {
        let text = |id| serde_json::to_string(&NodeEntry { id: NodeId(id), ..NodeEntry::default() }).unwrap();
        let answer = |nodes: &[(&str, &str, &str, &str)]| -> Vec<String> {
            let head = ["1700000000", "123456", "1"].map(str::to_owned);
            let nodes = nodes.iter().flat_map(|node| [node.0, node.1, node.2, node.3].map(str::to_owned));
            head.into_iter().chain(nodes).collect()
        };
        let (one, two) = (text(1), text(2));
        let (first, second) = (id_text(NodeId(1)), id_text(NodeId(2)));
        let read = read_answer(&answer(&[(&second, &two, "7", "1"), (&first, &one, "3", "0")])).unwrap();
        assert!(read.was_there);
        assert_eq!(read.register.at.wall, Timestamp(1_700_000_000_123));
        let found: Vec<(u64, u64, bool)> = read
            .register
            .nodes
            .iter()
            .map(|node| (node.entry.id.0, node.beat, node.is_drain_requested))
            .collect();
        assert_eq!(found, [(1, 3, false), (2, 7, true)]);
        assert_eq!(read.lowest_format, Some(1), "nodes of the version before name no format");
        let newest = encode(&NodeEntry { id: NodeId(1), ..NodeEntry::default() }, "encoding").unwrap();
        let read = read_answer(&answer(&[(&first, &newest, "3", "0")])).unwrap();
        assert_eq!(read.lowest_format, Some(RecordFormat::NEWEST));
        assert_eq!(read.register.nodes[0].entry.id, NodeId(1));
        assert!(serde_json::from_str::<NodeEntry>(&newest).is_ok(), "the version before skips the field");
        assert_eq!(read_answer(&answer(&[])).unwrap().lowest_format, None);
        for invalid in [
            vec![],
            answer(&[(&first, &two, "3", "0")]),
            answer(&[(&first, "{}", "3", "0")]),
            answer(&[(&first, &one, "x", "0")]),
        ] {
            assert!(read_answer(&invalid).is_none(), "{invalid:?}");
        }
    }
}
