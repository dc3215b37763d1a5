//! The text of an error with its causes, for a line of the log.

use std::error::Error;
use std::fmt;

/// Shows an error, followed by each of its causes that adds something to the text.
pub(crate) struct WithCauses<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for WithCauses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.0.to_string();
        f.write_str(&told)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            let text = error.to_string();
            if !told.contains(&text) {
                write!(f, ": {text}")?;
            }
            told = text;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_facts::{FactsError, FactsErrorKind};
    use lamplight_service::ServiceError;

    #[test]
    fn an_error_is_shown_with_its_causes_and_in_no_form_of_rust() {
        let facts = |source: Option<&str>| FactsError {
            kind: FactsErrorKind::Unavailable,
            doing: "recording a login",
            source: source.map(Into::into),
        };
        for (source, expected) in [
            (None, "the store is unavailable while recording a login"),
            (Some("no answer"), "the store is unavailable while recording a login: no answer"),
            (Some("recording a login"), "the store is unavailable while recording a login"),
        ] {
            assert_eq!(WithCauses(&ServiceError::Facts(facts(source))).to_string(), expected);
        }
    }
}
