//! Tests of `lamplight facts copy`, from a server's SQLite file into a real PostgreSQL.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../facts-postgres/tests/common/mod.rs"]
mod postgres;
mod process;

use lamplight_facts::transfer::TABLES;
use lamplight_facts::{
    AuditSettled, EndedLogin, Facts, Figure, FiguresRead, Lists, LoginRecorded, NewFriendship, NewLogin,
    NewMessage, NewNotice, Operations, Outbox, Revoked, Settled, SettledAs,
};
use lamplight_facts_postgres::PostgresFacts;
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    App, AppId, AppSettings, AuditAction, AuditChange, ClientMessageId, CustomElement, DeviceId, EndMark,
    EndWhy, EventDevice, FieldValue, Hook, Lane, MessageBody, NewAuditEntry, NoticeContent, Platform,
    ProfileChange, SessionEvent, SessionEventKind, Timestamp, User, UserId, Visibility,
};
use postgres::{Database, server};
use process::Folder;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use tokio_postgres::Client;

const APP: AppId = AppId(7);

fn id(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn user(name: &str) -> User {
    User::new(APP, id(name))
}

fn login(name: &str, device: &str, durable: bool) -> NewLogin {
    NewLogin {
        user: user(name),
        device: DeviceId::new(device).unwrap(),
        platform: if durable { Platform::IPhone } else { Platform::Web },
        at: Timestamp(1_000),
        issued: 1,
        durable,
        resume: false,
    }
}

fn logout(name: &str, ordinal: u64) -> NewNotice {
    let device =
        EventDevice { id: DeviceId::new("phone").unwrap(), platform: Platform::IPhone, address: None };
    let (at, kind) = (Timestamp(5), SessionEventKind::Logout);
    let content =
        NoticeContent::Session(SessionEvent { ordinal, at, device: Some(device), kind, after: None });
    NewNotice { user: user(name), content, at }
}

fn message(from: &str, to: &str, body: MessageBody, n: usize) -> NewMessage {
    NewMessage {
        from: user(from),
        to: id(to),
        body,
        client_id: ClientMessageId::new(&format!("m{n}")).unwrap(),
        at: Timestamp(2_000 + n as u64),
        push: Some(vec![Platform::IPhone]),
    }
}

/// Fills every table, with the values that the two databases store in different ways.
async fn grow(facts: &SqliteFacts, users: usize) {
    for app in [6, 7, 8] {
        let settings = AppSettings { name: "聊天 \0 \"app\"".to_owned(), ..AppSettings::default() };
        facts
            .put_app(App { id: AppId(app), keys: Vec::new(), admins: vec![id("admin")], settings })
            .await
            .unwrap();
    }
    facts.begin_app_deletion(AppId(8)).await.unwrap();
    for n in 0..users {
        let name = format!("User {n}");
        let LoginRecorded::Recorded { number, .. } =
            facts.record_login(login(&name, "phone", true)).await.unwrap()
        else {
            panic!("nothing refuses it")
        };
        facts.record_login(login(&name, "page", false)).await.unwrap();
        let change = ProfileChange { nick: Some(format!("Näme \0 {n} 😀")), ..ProfileChange::default() };
        let fields =
            BTreeMap::from([("Tag_Profile_Custom_A".to_owned(), FieldValue::Text("a\0b".to_owned()))]);
        facts.set_profile_and_fields(user(&name), change, fields).await.unwrap();
        if n % 3 == 1 {
            let mark = EndMark { why: EndWhy::KickedBy(Platform::Web), told: false, at: Timestamp(3_000) };
            let ended =
                EndedLogin { device: DeviceId::new("phone").unwrap(), login: number, mark: Some(mark) };
            facts.end_logins(user(&name), vec![ended]).await.unwrap();
        }
        if n % 3 == 2 {
            facts.kick(user(&name), Revoked::new(Timestamp(9_000), vec![9, 11])).await.unwrap();
        }
        if n > 0 {
            let friend = format!("User {}", n - 1);
            let friendship = NewFriendship {
                owner: user(&name),
                friend: id(&friend),
                both: n % 2 == 0,
                remark: "old \0 friend".to_owned(),
                source: "AddSource_Type_Test".to_owned(),
                wording: "你好".to_owned(),
                at: Timestamp(4_000),
                limit: 100,
                ask: false,
            };
            facts.befriend(friendship).await.unwrap();
            let text = MessageBody::Text(format!("hello \0 {n}"));
            facts.send_message(message(&name, &friend, text, n)).await.unwrap();
            let custom = CustomElement { data: "\u{1}\0".to_owned(), ..CustomElement::default() };
            facts.send_message(message(&friend, &name, MessageBody::Custom(custom), n)).await.unwrap();
        }
        let visibility = Visibility::ALL[n % Visibility::ALL.len()];
        facts.set_visibility(user(&name), visibility).await.unwrap();
        let blocked = (0..n % 4).map(|n| id(&format!("User {n}"))).collect();
        facts.block(user(&name), blocked, Timestamp(4_500 + n as u64), 100).await.unwrap();
        facts.enqueue(vec![logout(&name, 1), logout(&name, 2)], vec![]).await.unwrap();
    }
    facts.mark_read(user("User 1"), id("User 0"), None).await.unwrap();
    let lane = Lane { app: APP, hook: Hook::StateChange };
    let head = facts.heads(lane, 1).await.unwrap().remove(0);
    let dead = SettledAs::Dead { attempts: 3, error: "500 \0".to_owned() };
    facts.settle(vec![Settled { id: head.id, term: None, settled: dead }], Timestamp(6)).await.unwrap();
    let entry = NewAuditEntry {
        at: Timestamp(7),
        by: "olga \0".to_owned(),
        address: None,
        app: None,
        action: AuditAction::PasswordSet,
        target: "ops".to_owned(),
        changes: vec![AuditChange { what: "x".to_owned(), before: "\0".to_owned(), after: String::new() }],
    };
    let entry = facts.begin_audit(entry).await.unwrap();
    facts.settle_audit(entry, AuditSettled::Done { note: "done".to_owned(), changes: None }).await.unwrap();
    let figure = Figure { level: 1, at: Timestamp(60), node: "a \0".to_owned(), content: "{}".to_owned() };
    facts.put_figures(vec![figure], Vec::new()).await.unwrap();
}

/// Makes a data folder with rows in every table, and an empty database in PostgreSQL with its URL.
async fn grown(users: usize) -> (Folder, Database, String) {
    let folder = Folder::new();
    std::fs::create_dir(folder.path()).unwrap();
    let facts = SqliteFacts::open(&folder.path().join("facts.db")).unwrap();
    grow(&facts, users).await;
    drop(facts);
    let database = server().await.create_database().await;
    let url = server().await.url(database.name());
    (folder, database, url)
}

async fn client(database: &Database) -> Client {
    server().await.connect(database.name()).await
}

async fn opened(database: &Database) -> PostgresFacts {
    PostgresFacts::open(&server().await.settings(database.name())).await.unwrap()
}

async fn rows(client: &Client) -> i64 {
    let mut sum = 0;
    for table in TABLES {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        sum += client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0);
    }
    sum
}

fn contents(file: &Path) -> Vec<u8> {
    std::fs::read(file).unwrap()
}

/// Reads all facts of a store, and returns them as texts.
async fn answers(facts: &dyn Facts, users: usize) -> Vec<String> {
    let mut told = vec![
        format!("{:?}", facts.apps().await.unwrap()),
        format!("{:?}", facts.deleted_apps().await.unwrap()),
        format!("{:?}", facts.list_accounts(APP, None, 9_999).await.unwrap()),
        format!("{:?}", facts.restricted_users(None, 9_999).await.unwrap()),
        format!("{:?}", facts.lanes().await.unwrap()),
        format!("{:?}", facts.dead_letters(APP, None, 9).await.unwrap()),
        format!("{:?}", facts.audit_entries(None, None, 9).await.unwrap()),
        format!("{:?}", facts.figures(FiguresRead { level: 1, ..FiguresRead::default() }, 9).await.unwrap()),
        format!("{:?}", facts.find_by_nick(APP, "NÄME".to_owned(), None, 9).await.unwrap()),
    ];
    for hook in Hook::ALL {
        told.push(format!("{:?}", facts.heads(Lane { app: APP, hook }, 9_999).await.unwrap()));
    }
    for n in 0..users {
        let name = format!("User {n}");
        let all = vec![user(&name)];
        told.push(format!("{:?}", facts.accounts_with_logins(all.clone()).await.unwrap()));
        told.push(format!("{:?}", facts.lists_states(all.clone()).await.unwrap()));
        told.push(format!("{:?}", facts.profiles(all.clone()).await.unwrap()));
        told.push(format!("{:?}", facts.restrictions(all.clone()).await.unwrap()));
        told.push(format!("{:?}", facts.profile_fields(all).await.unwrap()));
        told.push(format!("{:?}", facts.block_list(user(&name)).await.unwrap()));
        told.push(format!("{:?}", facts.friend_page(user(&name), None, 99).await.unwrap()));
        told.push(format!("{:?}", facts.conversations(user(&name), None, 99).await.unwrap()));
        let peer = id(&format!("User {}", n + 1));
        told.push(format!("{:?}", facts.history(user(&name), peer, None, 99).await.unwrap()));
        told.push(format!("{:?}", facts.revocation(user(&name)).await.unwrap()));
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_facts_of_a_grown_server_are_copied_and_go_on_in_postgresql() {
    const USERS: usize = 30;
    let (folder, database, url) = grown(USERS).await;
    let file = folder.path().join("facts.db");
    let before = contents(&file);
    let told = folder.answer(&["facts", "copy", "--to", &url, "--json"]);
    let tables = told["tables"].as_array().unwrap();
    assert_eq!(tables.len(), TABLES.len());
    for (table, told) in TABLES.iter().zip(tables) {
        assert!(told["table"] == table.name && told["rows"].as_u64().unwrap() > 0, "{told}");
    }
    assert!(contents(&file) == before, "the file was changed");
    // No server continues with the file, and no older facts are copied into another database.
    let address = url_address(&database, &folder);
    let (code, _, error) = folder.run(&["app", "list"]);
    assert!(code == Some(1) && error.contains("are in PostgreSQL") && error.contains(&address), "{error}");
    let another = server().await.create_database().await;
    let (code, _, error) = folder.run(&["facts", "copy", "--to", &server().await.url(another.name())]);
    assert!(code == Some(1) && error.contains("may be outdated") && error.contains(&address), "{error}");

    let (source, copy) = (SqliteFacts::open(&file).unwrap(), opened(&database).await);
    for (expected, found) in answers(&source, USERS).await.into_iter().zip(answers(&copy, USERS).await) {
        assert_eq!(found, expected);
    }
    assert_eq!(
        copy.mark().await.unwrap(),
        source.mark().await.unwrap(),
        "the live records belong to the copy"
    );
    // New numbers continue after those of the file, even if the rows with the highest numbers were deleted.
    let next = async |facts: &dyn Facts| {
        let LoginRecorded::Recorded { number, .. } =
            facts.record_login(login("User 0", "new", true)).await.unwrap()
        else {
            panic!("nothing refuses it")
        };
        facts.enqueue(vec![logout("newer", 1)], vec![]).await.unwrap();
        let lane = Lane { app: APP, hook: Hook::StateChange };
        let heads = facts.heads(lane, 9_999).await.unwrap();
        (number, heads.iter().map(|head| head.id).max())
    };
    assert_eq!(next(&copy).await, next(&source).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_interrupted_leaves_the_database_empty_and_can_be_repeated() {
    let (folder, database, url) = grown(30).await;
    drop(opened(&database).await);
    let watching = client(&database).await;
    // The copy stops at the first row of its last table.
    watching
        .batch_execute(
            "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$;
             CREATE TRIGGER stop BEFORE INSERT ON node_figures FOR EACH ROW EXECUTE FUNCTION stop()",
        )
        .await
        .unwrap();
    let mut copying = process::Running::start(folder.command(&["facts", "copy", "--to", &url]));
    copying.wait_for("audit");
    copying.signal(rustix::process::Signal::KILL);
    copying.wait();
    assert_eq!(rows(&watching).await, 0);
    // PostgreSQL notices the end of its client when the trigger returns.
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    watching.execute(sql, &[]).await.unwrap();
    watching.batch_execute("DROP TRIGGER stop ON node_figures").await.unwrap();
    assert_eq!(rows(&watching).await, 0);
    folder.ok(&["facts", "copy", "--to", &url]);
    assert!(rows(&watching).await > 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_refused_with_the_reason_and_changes_nothing() {
    let (folder, database, url) = grown(3).await;
    let file = folder.path().join("facts.db");
    let before = contents(&file);
    drop(opened(&database).await);
    let watching = client(&database).await;
    let refused = |arguments: &[&str], parts: &[&str]| {
        let (code, output, error) = folder.run(&[&["facts", "copy"], arguments].concat());
        assert_eq!(code, Some(1), "{output}{error}");
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    };
    let missing = folder.path().join("missing.db");
    refused(&["--from", &format!("sqlite:{}", missing.display()), "--to", &url], &["there is no file"]);
    refused(&["--from", "facts.db", "--to", &url], &["--from: must be sqlite:PATH"]);
    refused(&[], &["name it with --to"]);
    refused(&["--to", "mysql://a:s3cret@b/c"], &["must begin with postgres://"]);
    refused(&["--to", "postgres://a:s3cret@127.0.0.1:1/c"], &["127.0.0.1:1/c", "cannot be reached"]);
    let other = folder.file("other", "a text that is not a database");
    refused(&["--from", &format!("sqlite:{other}"), "--to", &url], &["cannot read"]);
    assert_eq!(rows(&watching).await, 0);

    // A server runs on the file.
    let running = folder.serve(&[]);
    refused(&["--to", &url], &["another Lamplight server is using the data folder"]);
    running.signal(rustix::process::Signal::TERM);
    running.wait();
    // A start would be refused too.
    let (code, doctor, _) = folder.run(&["doctor", "--json", "--skip-webhooks", "--facts", &url]);
    assert!(code == Some(1) && doctor.contains("copy them with `lamplight facts copy`"), "{doctor}");
    let (code, ..) = folder.run(&["facts", "copy", "--to", &url]);
    assert_eq!(code, Some(0));
    // The server changed the file when it stopped, and the copy contains these changes. The next attempt is refused,
    // and must not change the file.
    let before_refusal = contents(&file);
    let copied = rows(&watching).await;
    refused(&["--to", &url], &["already has facts", "only be copied into an empty database"]);
    assert_eq!(rows(&watching).await, copied);
    assert!(contents(&file) == before_refusal && before_refusal != before);
    assert_eq!(opened(&database).await.apps().await.unwrap().len(), 2);
}

/// Reads the file that says where the facts of the data folder are. Returns the address of the database in that file.
fn url_address(database: &Database, folder: &Folder) -> String {
    let address = std::fs::read_to_string(folder.path().join("facts.postgres")).unwrap();
    assert!(address.ends_with(&format!("/{}\n", database.name())), "{address}");
    address.trim().to_owned()
}

/// A command that root runs gives its new files to the owner of the data folder. The server runs as this owner.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_root_makes_in_a_data_folder_belong_to_its_owner() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (folder, _database, url) = grown(2).await;
    let owner = 54_321;
    for path in std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()) {
        std::os::unix::fs::chown(path, Some(owner), Some(owner)).unwrap();
    }
    std::os::unix::fs::chown(folder.path(), Some(owner), Some(owner)).unwrap();
    folder.ok(&["facts", "copy", "--to", &url]);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        assert_eq!(entry.metadata().unwrap().uid(), owner, "{:?}", entry.path());
        names.push(entry.file_name().into_string().unwrap());
    }
    assert!(names.contains(&"facts.postgres".to_owned()), "{names:?}");
}

/// Checks that the copy fails, and leaves the database empty, if PostgreSQL stores a row differently. A trigger changes
/// or drops the row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_differs_is_found() {
    let (folder, database, url) = grown(5).await;
    drop(opened(&database).await);
    let watching = client(&database).await;
    for (spoil, told) in [
        ("IF NEW.friend = 'User 2' THEN NEW.remark = 'x'; END IF; RETURN NEW", "has other values"),
        ("IF NEW.friend = 'User 2' THEN RETURN NULL; END IF; RETURN NEW", "rows instead of"),
    ] {
        let sql = format!(
            "CREATE OR REPLACE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {spoil}; END $$;
             CREATE OR REPLACE TRIGGER spoil BEFORE INSERT ON friends FOR EACH ROW EXECUTE FUNCTION spoil()"
        );
        watching.batch_execute(&sql).await.unwrap();
        let (code, _, error) = folder.run(&["facts", "copy", "--to", &url]);
        assert_eq!(code, Some(1));
        assert!(error.contains("the copy of the table friends differs") && error.contains(told), "{error}");
        assert_eq!(rows(&watching).await, 0);
    }
}
