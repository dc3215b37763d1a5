//! Generates `docs/messages.md`, the page about the JSON messages of the client port, from the protobuf files of
//! `lamplight-wire`.

use anyhow::{Context, Result, ensure};
use protox::Compiler;
use protox::prost_reflect::{EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::Path;

/// The path of the generated page.
pub const PAGE: &str = "docs/messages.md";

/// The folder of the protobuf files, and the files in the order of the page.
pub const FOLDER: &str = "crates/wire/proto";
pub const FILES: [&str; 3] =
    ["lamplight/v1/client.proto", "lamplight/v1/status.proto", "lamplight/v1/chat.proto"];

/// The messages that are sent on the wire. Each has one of several bodies.
const ON_THE_WIRE: [(&str, &str, &str); 2] = [
    (
        "ClientMessage",
        "From the client",
        "A request has an `id` that the client chooses, and one of these fields.",
    ),
    (
        "ServerMessage",
        "From the server",
        "An answer has the `id` of its request; a message that answers no request has none. Each message has one of these \
         fields.",
    ),
];

const HEAD: &str = "\
# JSON messages

The messages between a client and the client port, as they are under the WebSocket subprotocol `lamplight.v1.json`: one
JSON object in each text message. For a program that uses no [SDK](sdks.md); [without an SDK](sdks.md#without-an-sdk) has a
first exchange. The rules behind the messages are in the [contract](spec.md), and the numbers of refusals in
[codes](codes.md).

Made by `cargo xtask codegen` from `crates/wire/proto`; change it there. The same messages can be sent as protobuf
(`lamplight.v1.protobuf`, or native TCP): the archive and the `.deb` have the `.proto` files
([install](how-to/install.md#make-the-packages)).

| rule | |
|---|---|
| names | as in the tables below. The receiver ignores fields that it does not know |
| absent fields | a field that is absent or `null` has its default value: `0`, `\"\"`, `false`, an empty list, the first value of an enumeration. The server leaves such fields out |
| 64-bit numbers | a text of decimal digits, as `\"7356155089793024\"`; the server also reads numbers |
| enumerations | the name, as `\"PLATFORM_WEB\"`; the server also reads the number |
| size | messages of a client: at most 64 KiB until its login is answered, and 512 KiB afterwards; messages of the server: at most 8 MiB |
| begin | the first message is `login`, within 10 s |
| answers | in the order of the requests. With the `id` 0, or without one, a request is answered only when it is refused |
| a message that cannot be read | is refused with 6017 and changes nothing. The refusal has the `id` if it can be read |

";

/// Returns the text of the page, from the protobuf files of the repository at `root`.
pub fn page(root: &Path) -> Result<String> {
    let mut compiler = Compiler::new([root.join(FOLDER)]).context("cannot find the protobuf files")?;
    compiler.include_source_info(true).open_files(FILES).context("cannot compile the protobuf files")?;
    let pool = compiler.descriptor_pool();
    ensure!(pool.files().len() == FILES.len(), "the files of `FILES` import another file: add it to `FILES`");
    let files: Vec<_> = FILES.iter().filter_map(|name| pool.get_file_by_name(name)).collect();
    let names: HashMap<String, String> = pool
        .all_messages()
        .flat_map(|message| message.fields().collect::<Vec<_>>())
        .map(|field| (field.name().to_owned(), field.json_name().to_owned()))
        .collect();
    let texts = Texts { names };

    let mut page = HEAD.to_owned();
    let messages: Vec<MessageDescriptor> =
        files.iter().flat_map(|file| file.messages().collect::<Vec<_>>()).collect();
    for (name, title, about) in ON_THE_WIRE {
        let message = messages.iter().find(|message| message.name() == name).context(name)?;
        let _ = write!(page, "## {title}\n\n{about}\n\n| field | value | |\n|---|---|---|\n");
        for field in message.fields().filter(|field| field.containing_oneof().is_some()) {
            let note = texts.comment(&field.parent_file(), field.path());
            let _ = writeln!(page, "| `{}` | {} | {} |", field.json_name(), value(&field), cell(&note));
        }
        page.push('\n');
    }

    page.push_str("## Each message\n\n");
    let mut enums: BTreeMap<String, EnumDescriptor> = BTreeMap::new();
    for file in &files {
        enums.extend(file.enums().map(|it| (title_of(it.full_name()), it)));
        for message in file.messages() {
            enums.extend(message.child_enums().map(|it| (title_of(it.full_name()), it)));
            if !ON_THE_WIRE.iter().any(|(name, ..)| *name == message.name()) {
                page.push_str(&texts.section(&message));
            }
        }
    }
    page.push_str("## Enumerations\n\n");
    for (title, it) in enums {
        let file = it.parent_file();
        let _ = write!(page, "### {title}\n\n");
        texts.paragraphs(&mut page, &file, it.path());
        page.push_str("| value | number | |\n|---|---:|---|\n");
        for value in it.values() {
            let note = texts.comment(&file, value.path());
            let _ = writeln!(page, "| `{}` | {} | {} |", value.name(), value.number(), cell(&note));
        }
        page.push('\n');
    }
    Ok(page.trim_end().to_owned() + "\n")
}

/// The comments of the protobuf files, with the field names of the JSON form.
struct Texts {
    /// The JSON name of each field, by its protobuf name.
    names: HashMap<String, String>,
}

impl Texts {
    fn section(&self, message: &MessageDescriptor) -> String {
        let file = message.parent_file();
        let mut section = format!("### {}\n\n", title_of(message.full_name()));
        self.paragraphs(&mut section, &file, message.path());
        if message.fields().len() == 0 {
            section.push_str("No fields: `{}`.\n\n");
            return section;
        }
        section.push_str("| field | value | |\n|---|---|---|\n");
        for field in message.fields() {
            let note = self.comment(&file, field.path());
            let _ = writeln!(section, "| `{}` | {} | {} |", field.json_name(), value(&field), cell(&note));
        }
        section.push('\n');
        section
    }

    /// Appends the comment of an element of a file, followed by an empty line.
    fn paragraphs(&self, page: &mut String, file: &FileDescriptor, path: &[i32]) {
        let comment = self.comment(file, path);
        if !comment.is_empty() {
            let _ = write!(page, "{comment}\n\n");
        }
    }

    fn comment(&self, file: &FileDescriptor, path: &[i32]) -> String {
        let source = file.file_descriptor_proto().source_code_info.as_ref();
        let location = source.and_then(|info| info.location.iter().find(|it| it.path == path));
        let text = location.and_then(|it| it.leading_comments.as_deref()).unwrap_or_default();
        let lines: Vec<_> = text.trim().lines().map(str::trim).collect();
        self.in_json(&lines.join("\n"))
    }

    /// Replaces each field name in a text by its JSON name.
    fn in_json(&self, text: &str) -> String {
        let mut said = String::new();
        for part in text.split_inclusive(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_') {
            let word = part.trim_end_matches(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_');
            match self.names.get(word).filter(|name| *name != word) {
                Some(name) => said += &part.replacen(word, name, 1),
                None => said += part,
            }
        }
        said
    }
}

/// Returns the type of a field's value, with a link to a message or an enumeration.
fn value(field: &FieldDescriptor) -> String {
    let kind = match field.kind() {
        Kind::Message(message) => link(message.full_name()),
        Kind::Enum(it) => link(it.full_name()),
        Kind::Bool => "`true` or `false`".to_owned(),
        Kind::String => "text".to_owned(),
        Kind::Bytes => "base64".to_owned(),
        Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => {
            "64-bit number".to_owned()
        }
        Kind::Double
        | Kind::Float
        | Kind::Int32
        | Kind::Uint32
        | Kind::Sint32
        | Kind::Fixed32
        | Kind::Sfixed32 => "number".to_owned(),
    };
    if field.is_list() { format!("list of {kind}") } else { kind }
}

/// Returns the name of a message or an enumeration, without the package.
fn title_of(full_name: &str) -> String {
    full_name.trim_start_matches("lamplight.v1.").to_owned()
}

fn link(full_name: &str) -> String {
    let title = title_of(full_name);
    let fragment = title.to_lowercase().replace('.', "");
    format!("[{title}](#{fragment})")
}

/// Escapes a text for a cell of a Markdown table. Paragraphs are joined on one line.
fn cell(text: &str) -> String {
    let paragraphs: Vec<_> = text.split("\n\n").map(|part| part.replace('\n', " ")).collect();
    paragraphs.join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn page_of(client: &str) -> String {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let files = folder.path().join(FOLDER).join("lamplight/v1");
        fs::create_dir_all(&files).unwrap_or_else(|error| panic!("{error}"));
        for (file, text) in [("client.proto", client), ("status.proto", ""), ("chat.proto", "")] {
            let text = format!("syntax = \"proto3\";\npackage lamplight.v1;\n{text}");
            fs::write(files.join(file), text).unwrap_or_else(|error| panic!("{error}"));
        }
        page(folder.path()).unwrap_or_else(|error| panic!("{error:#}"))
    }

    #[test]
    fn a_message_has_its_comment_its_fields_and_links() {
        let page = page_of(
            "message ClientMessage { uint64 id = 1; oneof body { Hail hail = 2; } }\n\
             message ServerMessage { oneof body { Hail hail = 2; } }\n\
             // Says it.\n// See user_id.\nmessage Hail {\n  // Of user_id | or none.\n  repeated string user_ids = 1;\n\
             Mood my_mood = 2;\n uint64 user_id = 3;\n enum Mood { MOOD_NONE = 0; } }\n",
        );
        for expected in [
            "## From the client\n\nA request has an `id` that the client chooses, and one of these fields.\n\n\
             | field | value | |\n|---|---|---|\n| `hail` | [Hail](#hail) |  |\n\n",
            "### Hail\n\nSays it.\nSee userId.\n\n| field | value | |\n|---|---|---|\n\
             | `userIds` | list of text | Of userId \\| or none. |\n| `myMood` | [Hail.Mood](#hailmood) |  |\n\
             | `userId` | 64-bit number |  |\n\n",
            "### Hail.Mood\n\n| value | number | |\n|---|---:|---|\n| `MOOD_NONE` | 0 |  |\n",
        ] {
            assert!(page.contains(expected), "{page}");
        }
    }
}
