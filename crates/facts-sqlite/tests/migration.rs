//! Tests that a file of an older program is migrated with all its data.

use lamplight_facts::{EndWhy, Facts, Lists, ListsState, LoginRecorded, NewLogin, NewMessage, Revoked, Sent};
use lamplight_facts_sqlite::{SCHEMA_VERSION, SqliteFacts};
use lamplight_model::{
    AppId, AppSettings, ClientMessageId, DeviceId, Friend, Platform, Profile, ProfileChange,
    StoredRestrictions, Timestamp, User, UserId,
};
use rusqlite::Connection;
use std::path::Path;

#[tokio::test]
async fn a_file_of_schema_1_is_brought_up_to_date_with_its_data() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts");
    Connection::open(&path).unwrap().execute_batch(include_str!("schema_1.sql")).unwrap();

    // The second time, nothing has to be migrated.
    for _ in 0..2 {
        let facts = SqliteFacts::open(&path).unwrap();
        assert_eq!(number(&path, "user_version"), i64::from(SCHEMA_VERSION));
        assert_eq!(facts.apps().await.unwrap()[0].admins, [id("administrator")]);

        let accounts = facts.list_accounts(AppId(1), None, 10).await.unwrap();
        let created: Vec<u64> = accounts.iter().map(|account| account.created.0 % 1_000).collect();
        assert_eq!(created, [1, 2, 3]);
        // In the older schema, a revocation covered the whole of its second.
        let revoked = &accounts[1].revocation.as_ref().unwrap().revoked;
        assert!(revoked.refuses(1_700_000_000) && !revoked.refuses(1_700_000_001));
        let login = &facts.logins(user("alice")).await.unwrap()[0];
        assert_eq!((login.device.as_str(), login.number), ("phone", 1));

        // Every status was visible to everyone.
        assert!(accounts.iter().all(|account| !account.restricted));
        assert_eq!(facts.restricted_users(None, 10).await.unwrap(), []);
        let restrictions = facts.restrictions(vec![user("alice")]).await.unwrap();
        let version = 1_700_000_000_001;
        assert_eq!(restrictions, [Some(StoredRestrictions { version, ..StoredRestrictions::default() })]);

        // The lists version of a migrated account is that of a new account.
        let states = facts.lists_states(vec![user("alice"), User::new(AppId(2), id("alice"))]).await.unwrap();
        let version = |version| Some(ListsState { version, total_unread: 0 });
        assert_eq!(states, [version(1_700_000_000_001), version(1_700_000_000_004)]);
        let profiles = facts.profiles(vec![user("alice"), user("nobody")]).await.unwrap();
        assert_eq!(profiles, [Some(Profile::default()), None]);

        // The time of the friendship is unknown. It becomes the later creation time of the two accounts.
        let friends = facts.friend_page(user("alice"), None, 10).await.unwrap();
        let bob = Friend {
            id: id("bob"),
            remark: "B's".into(),
            mutual: true,
            added: Timestamp(1_700_000_000_002),
            source: String::new(),
            wording: String::new(),
            profile: Profile::default(),
        };
        assert_eq!(friends, [bob]);
        let friend = facts.friend(user("carol"), id("alice")).await.unwrap().unwrap();
        assert_eq!((friend.mutual, friend.added), (false, Timestamp(1_700_000_000_003)));
    }

    // The migrated file accepts both old and new kinds of data.
    let facts = SqliteFacts::open(&path).unwrap();
    let resume = NewLogin {
        user: user("alice"),
        device: DeviceId::new("old phone").unwrap(),
        platform: Platform::Android,
        at: Timestamp(1_800_000_000_000),
        issued: 1_800_000_000,
        durable: true,
        resume: true,
    };
    let kicked = LoginRecorded::Ended(EndWhy::KickedBy(Platform::Android));
    assert_eq!(facts.record_login(resume.clone()).await.unwrap(), kicked);
    let login = NewLogin { resume: false, ..resume };
    let recorded =
        LoginRecorded::Recorded { registered: false, number: 2, born: 0, lists_version: 1_700_000_000_001 };
    assert_eq!(facts.record_login(login).await.unwrap(), recorded);
    let nick = ProfileChange { nick: Some("A".into()), ..ProfileChange::default() };
    let set = facts.set_profile(user("alice"), nick).await.unwrap().unwrap();
    assert_eq!(set.state.version, 1_700_000_000_002);
    let message = NewMessage {
        from: user("alice"),
        to: id("bob"),
        body: "hi".into(),
        client_id: ClientMessageId::new("1").unwrap(),
        at: Timestamp(1_800_000_000_000),
        push: None,
    };
    facts.block(user("bob"), vec![id("alice")], Timestamp(1_800_000_000_000), 1).await.unwrap();
    assert_eq!(facts.send_message(message.clone()).await.unwrap(), Sent::Blocked);
    facts.unblock(user("bob"), vec![id("alice")]).await.unwrap();
    assert!(matches!(facts.send_message(message).await.unwrap(), Sent::Stored(_)));
    assert!(facts.delete_account(user("alice"), Revoked::default()).await.unwrap().is_some());
    assert_eq!(facts.count_friends(user("bob")).await.unwrap(), 0);
}

/// An earlier version may have stored no value for a setting, or a value in another form. The setting keeps its
/// meaning. For example, an app without a linger has no linger after the migration.
#[tokio::test]
async fn an_app_keeps_the_settings_that_it_was_stored_with() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts");
    drop(SqliteFacts::open(&path).unwrap());
    for (app, stored) in [(1, r#"{"name":"ours"}"#), (2, r#"{"name":"ours","timing":{"linger_web_ms":0}}"#)] {
        let sql = "INSERT INTO apps (id, keys, admins, settings) VALUES (?1, '[]', '[]', ?2)";
        Connection::open(&path).unwrap().execute(sql, rusqlite::params![app, stored]).unwrap();
    }
    let apps = SqliteFacts::open(&path).unwrap().apps().await.unwrap();
    let settings = AppSettings { name: "ours".into(), ..AppSettings::default() };
    assert_eq!(apps.iter().map(|app| &app.settings).collect::<Vec<_>>(), [&settings, &settings]);
    assert!(settings.timing.linger(true).is_zero());
}

/// Checks that a migrated file has the same tables and columns as a new file.
#[test]
fn a_file_brought_up_to_date_is_as_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let (old, new) = (directory.path().join("old"), directory.path().join("new"));
    Connection::open(&old).unwrap().execute_batch(include_str!("schema_1.sql")).unwrap();
    drop([&old, &new].map(|path| SqliteFacts::open(path).unwrap()));
    assert_eq!(columns(&old), columns(&new));
    assert!(columns(&new).iter().any(|column| column.starts_with("conversations")));
}

/// Returns all columns of all tables and indexes, in order.
fn columns(path: &Path) -> Vec<String> {
    let sql = "SELECT s.name, s.type, c.name, c.type, c.\"notnull\", coalesce(c.dflt_value, ''), c.pk
               FROM sqlite_schema AS s, pragma_table_xinfo(s.name) AS c ORDER BY s.name, c.cid";
    let connection = Connection::open(path).expect("the file is there");
    let mut statement = connection.prepare(sql).expect("the names are those of SQLite");
    let column = |row: &rusqlite::Row<'_>| {
        let text = |n| row.get::<_, Option<String>>(n).map(Option::unwrap_or_default);
        let (not_null, key): (i64, i64) = (row.get(4)?, row.get(6)?);
        Ok([text(0)?, text(1)?, text(2)?, text(3)?, text(5)?, format!("{not_null} {key}")].join(" "))
    };
    let columns = statement.query_map((), column).and_then(Iterator::collect);
    columns.expect("the schema can be read")
}

fn number(path: &Path, pragma: &str) -> i64 {
    let connection = Connection::open(path).expect("the file is there");
    connection.pragma_query_value(None, pragma, |row| row.get(0)).expect("there is such a pragma")
}

fn user(name: &str) -> User {
    User::new(AppId(1), id(name))
}

fn id(name: &str) -> UserId {
    UserId::new(name).expect("the tests name users rightly")
}
