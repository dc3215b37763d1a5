//! The OpenAPI document of the server API, generated from the table of commands and the types of their
//! fields.

use super::command::{Described, Entry};
use super::commands;
use super::family::Family;
use lamplight_model::Code;
use std::collections::BTreeSet;
use std::fmt::Write;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, LicenseBuilder, OpenApiBuilder, PathItem,
    PathsBuilder, Ref, Required, ResponseBuilder, ServerBuilder,
};

/// The version of OpenAPI in the document. The builder's default is 3.2, which few tools can read and which the
/// document does not need.
const OPENAPI: &str = "3.1.0";

/// The extension field with the codes of an operation, for programs. The description of the operation lists the codes
/// for people.
const CODES: &str = "x-error-codes";

const ABOUT: &str = "\
The server API of Lamplight: an app's backend creates accounts, queries statuses, manages friends and profiles, and sends \
messages. `docs/server-api.md` says how to begin.

A well-formed HTTP request is answered with HTTP 200, and `ErrorCode` has the outcome. If too many connections are open, \
it is answered with HTTP 503 instead. A call that is answered with a code other than 0 has changed nothing, except after \
70500: a store has failed, and the call may have been carried out completely or in part. Such a call can be repeated. \
Names of fields are case-sensitive, and unknown fields are ignored.";

/// Returns the document as JSON, with a line break at the end. The server serves it, and `docs/openapi.json` is a copy.
pub fn document() -> String {
    let mut components = ComponentsBuilder::new()
        .schema("Done", done(false))
        .schema("DoneWithDisplay", done(true))
        .schema("Refused", refused(false))
        .schema("RefusedWithDisplay", refused(true));
    let mut paths = PathsBuilder::new();
    for entry in commands::all() {
        let described = entry.describe();
        for (path, older) in [(Some(entry.path()), false), (entry.older_path(), true)] {
            let Some(path) = path else { continue };
            let mut item = PathItem::new(HttpMethod::Post, operation(entry, &described, path, older, false));
            if entry.is_reading() && !described.parameters.is_empty() {
                item.merge_operations(PathItem::new(
                    HttpMethod::Get,
                    operation(entry, &described, path, older, true),
                ));
            }
            paths = paths.path(format!("/v4/{path}"), item);
        }
        let Described { request, fields, others, .. } = described;
        components = components.schemas_from_iter([request, fields].into_iter().chain(others));
    }
    let info =
        InfoBuilder::new().title("Lamplight server API").version("4").description(Some(ABOUT)).license(Some(
            LicenseBuilder::new().name("Apache-2.0 OR MIT").identifier(Some("Apache-2.0 OR MIT")).build(),
        ));
    let document = OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").description(Some("this server")).build()]))
        .paths(paths)
        .components(Some(components.build()))
        .build();
    let mut json = serde_json::to_value(&document).expect("a document is always JSON");
    json["openapi"] = OPENAPI.into();
    // Without sorting, the order of the fields would depend on the enabled features of the JSON library.
    json.sort_all_objects();
    serde_json::to_string_pretty(&json).expect("JSON is always text") + "\n"
}

fn operation(
    entry: &Entry,
    described: &Described,
    path: &str,
    older: bool,
    by_query: bool,
) -> OperationBuilder {
    let family = entry.family();
    let mut about = described.about.to_owned();
    if older {
        let _ = write!(about, "\n\nThe older name of `{}`.", entry.path());
    }
    if described.ours {
        about.push_str("\n\nThe cloud does not have this command.");
    }
    if entry.is_reading() && described.parameters.is_empty() {
        about.push_str("\n\nIt may also be called with GET and the same body.");
    }
    about.push_str("\n\n| code of the call or of an entry | |\n|---:|---|\n");
    let codes: BTreeSet<Code> = described.codes.iter().copied().chain(family.common_codes()).collect();
    for code in &codes {
        let _ = writeln!(about, "| {} | {} |", code.number(), code.english());
    }
    let numbers: Vec<u32> = codes.iter().map(|code| code.number()).collect();
    let (service, _) = path.split_once('/').expect("a path names a service and a command");
    let id = if by_query { format!("{path}_by_query") } else { path.to_owned() };
    let mut operation = OperationBuilder::new()
        .operation_id(Some(id.replace('/', "_")))
        .tag(service)
        .summary(Some(described.summary))
        .description(Some(about.trim_start()))
        .parameters(Some(common_parameters()))
        .response("200", response(family, &described.fields.0))
        .extensions(Some(ExtensionsBuilder::new().add(CODES, numbers).build()));
    if by_query {
        let parameters = described.parameters.iter().map(|(name, about)| {
            let schema = if *name == "limit" {
                ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(1_000))
            } else {
                text()
            };
            parameter(name, about, Required::False, schema)
        });
        operation = operation.parameters(Some(parameters));
    } else {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(&described.request.0))).build();
        let body =
            RequestBodyBuilder::new().required(Some(Required::True)).content("application/json", content);
        operation = operation.request_body(Some(body.build()));
    }
    operation
}

fn common_parameters() -> Vec<Parameter> {
    let number = || ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(u32::MAX));
    vec![
        parameter("sdkappid", "The app.", Required::True, number()),
        parameter("identifier", "An admin of the app.", Required::True, text()),
        parameter("usersig", "The admin's UserSig.", Required::True, text()),
        parameter("random", "Any number; ignored.", Required::False, number()),
        parameter("contenttype", "`json`; ignored.", Required::False, text()),
    ]
}

fn parameter(name: &str, about: &str, required: Required, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(required)
        .description(Some(about))
        .schema(Some(Schema::Object(schema.build())))
        .build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// Makes the response of an operation. A successful answer always has the fields of the command; a refusal may have
/// them.
fn response(family: Family, fields: &str) -> utoipa::openapi::Response {
    let (done, refused) = if family.has_error_display() {
        ("DoneWithDisplay", "RefusedWithDisplay")
    } else {
        ("Done", "Refused")
    };
    let done = AllOfBuilder::new().item(Ref::from_schema_name(done)).item(Ref::from_schema_name(fields));
    let either = OneOfBuilder::new().item(Schema::AllOf(done.build())).item(Ref::from_schema_name(refused));
    let content = ContentBuilder::new().schema(Some(Schema::OneOf(either.build()))).build();
    ResponseBuilder::new()
        .description("The outcome of the call; `ErrorCode` says whether it was done.")
        .content("application/json", content)
        .build()
}

fn done(display: bool) -> Schema {
    let about = "The call was done. If some entries of a batch failed, `ErrorInfo` says how many.";
    envelope("OK", text(), code().enum_values(Some([0])), display).description(Some(about)).build().into()
}

fn refused(display: bool) -> Schema {
    let about = "The call was refused, or failed for every user that it named.";
    envelope("FAIL", text().min_length(Some(1)), code().minimum(Some(1)), display)
        .description(Some(about))
        .build()
        .into()
}

fn envelope(status: &str, info: ObjectBuilder, code: ObjectBuilder, display: bool) -> ObjectBuilder {
    let about =
        "The reason for a code other than 0. For 0, empty, or how many entries of the call have failed.";
    let info = Schema::Object(info.description(Some(about)).build());
    let mut envelope = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Object))
        .property("ActionStatus", Schema::Object(text().enum_values(Some([status])).build()))
        .property("ErrorInfo", info.clone())
        .property("ErrorCode", Schema::Object(code.build()))
        .required("ActionStatus")
        .required("ErrorInfo")
        .required("ErrorCode");
    if display {
        envelope = envelope.property("ErrorDisplay", info).required("ErrorDisplay");
    }
    envelope
}

fn code() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).description(Some("docs/codes.md lists all codes."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn every_reference_of_the_document_leads_somewhere() {
        let document: Value = serde_json::from_str(&document()).unwrap();
        let mut references = Vec::new();
        collect(&document, &mut references);
        assert!(references.len() > 20);
        for reference in references {
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
        }
    }

    fn collect(value: &Value, references: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| collect(member, references));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn an_answer_of_code_0_may_say_how_many_entries_failed() {
        for display in [false, true] {
            let schema = serde_json::to_value(done(display)).unwrap();
            assert_eq!(schema["properties"]["ErrorInfo"]["type"], "string");
            assert!(schema["properties"]["ErrorInfo"].get("enum").is_none(), "{schema}");
        }
    }

    #[test]
    fn the_document_has_every_command() {
        let document: Value = serde_json::from_str(&document()).unwrap();
        for path in commands::paths() {
            assert!(document["paths"][format!("/v4/{path}")]["post"].is_object(), "{path}");
        }
    }
}
