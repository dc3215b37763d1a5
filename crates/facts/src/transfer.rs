//! The tables of the facts as plain values, for copying facts from one store to another.
//!
//! All stores have the same tables. The adapter of a store reads and writes the tables as [`Cell`]s. Each adapter
//! converts the columns to the form in its store.

/// A table of the facts. All adapters read and write its columns in the same order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Table {
    /// The name of the table.
    pub name: &'static str,
    /// The name and the kind of each column.
    pub columns: &'static [(&'static str, Kind)],
    /// The number of columns in the key. The key consists of the first columns, which identify and order the rows.
    pub key: usize,
    /// Whether the store gives each new row a number in the column `id`. The store never uses a number twice.
    pub is_numbered: bool,
}

/// The kind of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A number, or no value.
    Number,
    /// 0 or 1.
    Flag,
    /// An id, or no value. Ids are printable ASCII. They are ordered by their bytes.
    Id,
    /// A text written by people, or no value. The text may contain any character.
    Text,
    /// A value in JSON, or no value.
    Json,
    /// A list of numbers.
    Numbers,
}

/// The value of a column in a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cell {
    /// No value.
    Null,
    /// A number, or a flag as 0 or 1.
    Number(i64),
    /// An id, a text or JSON.
    Text(String),
    /// A list of numbers.
    Numbers(Vec<i64>),
}

/// The values of a row, in the order of [`Table::columns`].
pub type Record = Vec<Cell>;

/// The maximum number of rows that are read, written or compared at a time.
pub const RECORDS_AT_ONCE: usize = 2_000;

/// All tables of the facts. A table comes after the tables that its rows refer to.
pub const TABLES: &[Table] = {
    use Kind::{Flag, Id, Json, Number, Numbers, Text};
    const fn table(name: &'static str, key: usize, columns: &'static [(&'static str, Kind)]) -> Table {
        Table { name, columns, key, is_numbered: false }
    }
    const fn numbered(name: &'static str, columns: &'static [(&'static str, Kind)]) -> Table {
        Table { name, columns, key: 1, is_numbered: true }
    }
    &[
        table("apps", 1, &[("id", Number), ("keys", Json), ("admins", Json), ("settings", Json)]),
        table("deleted_apps", 1, &[("id", Number), ("emptied", Flag)]),
        table(
            "accounts",
            2,
            &[
                ("app", Number),
                ("id", Id),
                ("created", Number),
                ("born", Number),
                ("nick", Text),
                ("nick_folded", Text),
                ("avatar_url", Text),
                ("allow", Number),
                ("fields", Json),
                ("lists_version", Number),
                ("unread", Number),
                ("visibility", Number),
                ("block_count", Number),
                ("away_version", Number),
                ("away", Json),
            ],
        ),
        table(
            "logins",
            3,
            &[
                ("app", Number),
                ("user_id", Id),
                ("device", Id),
                ("platform", Number),
                ("at", Number),
                ("number", Number),
                ("durable", Flag),
            ],
        ),
        table(
            "marks",
            3,
            &[
                ("app", Number),
                ("user_id", Id),
                ("device", Id),
                ("why", Number),
                ("told", Flag),
                ("at", Number),
                ("seq", Number),
            ],
        ),
        table(
            "revocations",
            2,
            &[("app", Number), ("user_id", Id), ("at", Number), ("also", Numbers), ("through", Number)],
        ),
        table(
            "friends",
            3,
            &[
                ("app", Number),
                ("owner", Id),
                ("friend", Id),
                ("remark", Text),
                ("added", Number),
                ("source", Text),
                ("wording", Text),
            ],
        ),
        table("blocks", 3, &[("app", Number), ("owner", Id), ("blocked", Id), ("since", Number)]),
        numbered(
            "pairs",
            &[
                ("id", Number),
                ("app", Number),
                ("low", Id),
                ("high", Id),
                ("last", Number),
                ("of_low", Number),
            ],
        ),
        table(
            "messages",
            2,
            &[
                ("pair", Number),
                ("sequence", Number),
                ("app", Number),
                ("sender", Id),
                ("born", Number),
                ("nth", Number),
                ("at", Number),
                ("client_id", Id),
                ("text", Text),
                ("custom", Json),
                ("pushed", Flag),
            ],
        ),
        table(
            "conversations",
            3,
            &[
                ("app", Number),
                ("owner", Id),
                ("peer", Id),
                ("pair", Number),
                ("pinned", Flag),
                ("active", Number),
                ("cleared", Number),
                ("read", Number),
                ("unread", Number),
            ],
        ),
        numbered(
            "notices",
            &[
                ("id", Number),
                ("app", Number),
                ("hook", Number),
                ("user_id", Id),
                ("ordinal", Number),
                ("device", Id),
                ("queued", Number),
                ("attempts", Number),
                ("due", Number),
                ("error", Text),
                ("content", Json),
            ],
        ),
        numbered(
            "dead_letters",
            &[
                ("id", Number),
                ("app", Number),
                ("hook", Number),
                ("user_id", Id),
                ("ordinal", Number),
                ("queued", Number),
                ("attempts", Number),
                ("died", Number),
                ("error", Text),
                ("content", Json),
            ],
        ),
        table("lanes", 2, &[("app", Number), ("hook", Number), ("waiting", Number), ("dead", Number)]),
        table("taken_in", 2, &[("app", Number), ("user_id", Id), ("ordinal", Number)]),
        numbered(
            "audit",
            &[
                ("id", Number),
                ("at", Number),
                ("operator", Text),
                ("address", Text),
                ("app", Number),
                ("action", Json),
                ("target", Text),
                ("changes", Json),
                ("outcome", Json),
                ("note", Text),
            ],
        ),
        table("node_figures", 3, &[("level", Number), ("at", Number), ("node", Text), ("content", Text)]),
    ]
};

impl Table {
    /// Returns the key of a row: the values of the first columns, which identify the row.
    pub fn key_of<'a>(&self, record: &'a [Cell]) -> &'a [Cell] {
        &record[..self.key]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_of_kinds_that_every_store_orders_alike() {
        for table in TABLES {
            assert!((1..table.columns.len()).contains(&table.key), "{}", table.name);
            for (column, kind) in &table.columns[..table.key] {
                assert!(matches!(kind, Kind::Number | Kind::Id | Kind::Text), "{}.{column}", table.name);
            }
            assert!(!table.is_numbered || table.columns[0] == ("id", Kind::Number), "{}", table.name);
        }
    }
}
