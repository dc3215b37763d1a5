//! The elements of a message: either texts, which are joined, or one custom element.

use super::fields::Object;
use super::lists::{Gather, gather};
use super::skimmed::Skimmed;
use lamplight_model::{Code, CustomElement, MessageBody, Refusal, quoted};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// The `MsgType` of a text.
pub const TEXT: &str = "TIMTextElem";
/// The `MsgType` of custom content, which only the application interprets.
pub const CUSTOM: &str = "TIMCustomElem";
/// A part of a message.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct MsgElement {
    /// `TIMTextElem` or `TIMCustomElem`; Lamplight has no other.
    #[schema(example = "TIMTextElem")]
    msg_type: String,
    /// The content. Its fields depend on `MsgType`.
    #[serde(deserialize_with = "content")]
    #[schema(value_type = MsgContent)]
    msg_content: Skimmed,
}

/// The content of an element. Its fields depend on `MsgType`.
#[derive(ToSchema)]
#[schema(as = MsgContent)]
#[serde(untagged)]
#[allow(dead_code)]
pub enum MsgContent {
    /// The content of a `TIMTextElem`.
    Text(MsgText),
    /// The content of a `TIMCustomElem`.
    Custom(MsgCustom),
}

/// The content of a `TIMCustomElem`, which Lamplight delivers unchanged. `Data`, `Desc` and `Ext` together may have at
/// most 12,288 bytes (`limits.message_bytes` of the app).
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
pub struct MsgCustom {
    /// The content, in a format of the application.
    pub data: String,
    /// A description for people. Conversation lists and push notifications show it.
    pub desc: String,
    /// Further data of the application.
    pub ext: String,
}

/// The content of a `TIMTextElem`.
#[derive(ToSchema)]
#[serde(rename_all = "PascalCase")]
#[allow(dead_code)]
pub struct MsgText {
    /// The text. All texts of a message together may have at most 12,288 bytes (`limits.message_bytes` of the app).
    text: String,
}

/// Reads the content of an element of any type, and stores only the fields of the types that Lamplight has.
fn content<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Skimmed, D::Error> {
    Skimmed::keeping(&["Text", "Data", "Desc", "Ext"], deserializer)
}

/// The elements of a message, which are joined while they are read.
#[derive(Default)]
pub struct Elements {
    given: usize,
    text: String,
    custom: Option<CustomElement>,
    /// The refusal of the first invalid element; `None` if all elements are valid.
    fault: Option<Refusal>,
}

impl Gather for Elements {
    type Entry = Object<MsgElement>;

    fn gather(&mut self, Object(element): Object<MsgElement>) {
        self.given += 1;
        if self.fault.is_none() {
            self.fault = self.put(element).err();
        }
    }

    fn end(&mut self) {
        self.text.shrink_to_fit();
    }
}

impl<'de> Deserialize<'de> for Elements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        gather(deserializer)
    }
}

impl Elements {
    /// Returns the total size of the stored texts, in bytes.
    pub fn bytes(&self) -> usize {
        let custom = self.custom.as_ref();
        self.text.len()
            + custom.map_or(0, |custom| custom.data.len() + custom.description.len() + custom.extension.len())
    }

    /// Returns the body of the message, or the refusal of the first invalid element.
    pub fn read(self) -> Result<MessageBody, Refusal> {
        match (self.fault, self.custom) {
            (Some(fault), _) => Err(fault),
            (None, Some(custom)) => Ok(MessageBody::Custom(custom)),
            (None, None) if self.given == 0 => {
                Err(Refusal::because(Code::MESSAGE_BODY_MALFORMED, "MsgBody is empty"))
            }
            (None, None) => Ok(MessageBody::Text(self.text)),
        }
    }

    /// Appends an element, or returns the reason why it is invalid.
    fn put(&mut self, MsgElement { msg_type, msg_content }: MsgElement) -> Result<(), Refusal> {
        let is_first = self.given == 1;
        match msg_type.as_str() {
            TEXT if self.custom.is_none() => {
                let text = text_of(msg_content)?;
                // Most messages have one text: it is moved, not copied.
                if is_first {
                    self.text = text;
                } else {
                    self.text.push_str(&text);
                }
                Ok(())
            }
            CUSTOM if is_first => {
                self.custom = Some(custom_of(msg_content)?);
                Ok(())
            }
            TEXT | CUSTOM => Err(invalid(format!("a {CUSTOM} must be the only element of its message"))),
            _ => {
                let detail = format!("MsgType must be {TEXT} or {CUSTOM}, not {}", quoted(&msg_type));
                Err(invalid(detail))
            }
        }
    }
}

fn invalid(detail: String) -> Refusal {
    Refusal::because(Code::INVALID_PARAMETER, detail)
}

fn text_of(mut content: Skimmed) -> Result<String, Refusal> {
    match content.take("Text") {
        Some(Skimmed::Text(text)) => Ok(text),
        Some(other) => Err(invalid(format!("MsgContent: Text must be a text, not {other}"))),
        None => Err(invalid(format!("MsgContent of a {TEXT} must be an object with Text"))),
    }
}

fn custom_of(mut content: Skimmed) -> Result<CustomElement, Refusal> {
    if !matches!(content, Skimmed::Object(_)) {
        return Err(invalid(format!("MsgContent must be an object, not {content}")));
    }
    let mut part = |name: &str| match content.take(name) {
        None => Ok(String::new()),
        Some(Skimmed::Text(text)) => Ok(text),
        Some(other) => Err(invalid(format!("MsgContent: {name} must be a text, not {other}"))),
    };
    Ok(CustomElement { data: part("Data")?, description: part("Desc")?, extension: part("Ext")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<MessageBody, (Code, String)> {
        let elements: Elements = serde_json::from_str(json).unwrap();
        elements.read().map_err(|refusal| (refusal.code, refusal.detail.to_string()))
    }

    #[test]
    fn texts_are_put_together_and_a_custom_element_stands_alone() {
        let text = |text: &str| format!(r#"{{"MsgType":"TIMTextElem","MsgContent":{{"Text":"{text}"}}}}"#);
        let custom = r#"{"MsgType":"TIMCustomElem","MsgContent":{"Data":"d","Ext":"e","Sound":{"x":[1,2]}}}"#;
        let (a, b) = (text("a"), text("b"));
        assert_eq!(read(&format!("[{a},{b},{a}]")), Ok(MessageBody::Text("aba".into())));
        let expected = CustomElement { data: "d".into(), description: String::new(), extension: "e".into() };
        assert_eq!(read(&format!("[{custom}]")), Ok(MessageBody::Custom(expected)));
        for (elements, code, detail) in [
            ("[]".to_owned(), Code::MESSAGE_BODY_MALFORMED, "MsgBody is empty"),
            (format!("[{custom},{a}]"), Code::INVALID_PARAMETER, "only element"),
            (format!("[{a},{custom}]"), Code::INVALID_PARAMETER, "only element"),
            (format!("[{custom},{custom}]"), Code::INVALID_PARAMETER, "only element"),
            (a.replace("TIMTextElem", "X"), Code::INVALID_PARAMETER, "not \"X\""),
            (a.replace("TIMTextElem", &"X".repeat(99)), Code::INVALID_PARAMETER, "X…\""),
            (a.replace("\"a\"", "1"), Code::INVALID_PARAMETER, "Text must be a text, not 1"),
            (a.replace("Text\":", "text\":"), Code::INVALID_PARAMETER, "an object with Text"),
            (custom.replace("\"d\"", "null"), Code::INVALID_PARAMETER, "Data must be a text, not null"),
            (
                r#"{"MsgType":"TIMCustomElem","MsgContent":[]}"#.to_owned(),
                Code::INVALID_PARAMETER,
                "must be an object, not a list",
            ),
        ] {
            let elements = if elements.starts_with('[') { elements } else { format!("[{elements}]") };
            let (told, why) = read(&elements).unwrap_err();
            assert_eq!(told, code, "{elements}");
            assert!(why.contains(detail), "{elements}: {why}");
        }
    }
}
