//! The tables of the facts as plain values, by which facts are copied from one store to another.
//!
//! The stores keep the same tables. Their adapters read and write them as [`Cell`]s; only they know how a kind of
//! column is stored.

/// A table: its columns in an order that every adapter keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Table {
    /// The name.
    pub name: &'static str,
    /// The columns, with their kinds.
    pub columns: &'static [(&'static str, Kind)],
    /// The number of columns, from the first, that identify and order the rows.
    pub key: usize,
    /// Whether the store numbers the rows itself in the column `id`, and never uses a number again.
    pub is_numbered: bool,
}

/// The kind of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A number, or nothing.
    Number,
    /// 0 or 1.
    Flag,
    /// An id, or nothing: printable ASCII, ordered by its bytes.
    Id,
    /// A text that people write, or nothing. It may contain any character.
    Text,
    /// A value in JSON, or nothing.
    Json,
    /// A list of numbers.
    Numbers,
}

/// The value of a column in a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A number; of a flag, 0 or 1.
    Number(i64),
    /// An id, a text or JSON.
    Text(String),
    /// A list of numbers.
    Numbers(Vec<i64>),
}

/// The values of a row, in the order of [`Table::columns`].
pub type Record = Vec<Cell>;

/// The most rows that are read, written or compared at a time.
pub const RECORDS_AT_ONCE: usize = 2_000;

/// Every table of facts; a table follows those that its rows refer to.
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
        table("figures", 2, &[("level", Number), ("at", Number), ("content", Text)]),
    ]
};

impl Table {
    /// The values of a row that identify it.
    pub fn key_of<'a>(&self, record: &'a [Cell]) -> &'a [Cell] {
        &record[..self.key]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_numbers_and_ids_which_every_store_orders_alike() {
        for table in TABLES {
            assert!((1..table.columns.len()).contains(&table.key), "{}", table.name);
            for (column, kind) in &table.columns[..table.key] {
                assert!(matches!(kind, Kind::Number | Kind::Id), "{}.{column}", table.name);
            }
            assert!(!table.is_numbered || table.columns[0] == ("id", Kind::Number), "{}", table.name);
        }
    }
}
