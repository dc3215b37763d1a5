//! A scanner of PromQL. The scanner finds the metrics and labels that an expression names, and compares them with those
//! that a node exports. The scanner knows no precedence and no types, so it accepts some expressions that Prometheus
//! refuses.

use std::collections::{BTreeMap, BTreeSet};

/// The labels that Prometheus adds to each series: the job and the address of the target.
const TARGET: [&str; 2] = ["job", "instance"];

/// The functions and aggregations that the expressions may use.
const FUNCTIONS: [&str; 14] = [
    "abs",
    "absent",
    "changes",
    "count",
    "delta",
    "histogram_quantile",
    "increase",
    "label_values",
    "max",
    "min",
    "min_over_time",
    "rate",
    "sum",
    "time",
];

const OPERATORS: [&str; 4] = ["and", "or", "unless", "offset"];

/// The keywords before a list of labels.
const GROUPINGS: [&str; 4] = ["by", "without", "on", "ignoring"];

/// The values of each label of each series, by the full name of the series.
pub struct Exported(BTreeMap<String, BTreeMap<String, BTreeSet<String>>>);

impl Exported {
    /// Reads the text of `/metrics`, and adds `up`, which Prometheus itself makes.
    pub fn read(text: &str) -> Self {
        let mut series = BTreeMap::from([("up".to_owned(), BTreeMap::new())]);
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (head, _) = line.rsplit_once(' ').expect("a value");
            let (name, labels) = head.split_once('{').unwrap_or((head, ""));
            let known: &mut BTreeMap<String, BTreeSet<String>> = series.entry(name.to_owned()).or_default();
            for label in labels.trim_end_matches('}').split_terminator("\",") {
                let (label, value) = label.split_once("=\"").expect("a label and its value");
                let value = value.trim_end_matches('"').to_owned();
                known.entry(label.to_owned()).or_default().insert(value);
            }
        }
        Self(series)
    }

    /// Returns the names of the metrics that the node exports, without the suffixes of histograms.
    pub fn metrics(&self) -> BTreeSet<&str> {
        let base = |name: &'_ str| -> usize {
            let is_histogram = |base: &str| self.0.contains_key(&format!("{base}_bucket"));
            ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end).filter(|base| is_histogram(base)))
                .map_or(name.len(), str::len)
        };
        self.0.keys().filter(|name| *name != "up").map(|name| &name[..base(name)]).collect()
    }

    /// Returns the name of a series' metric.
    pub fn metric_of<'a>(&'a self, series: &str) -> Option<&'a str> {
        self.metrics().into_iter().find(|metric| {
            series.strip_prefix(metric).is_some_and(|end| ["", "_bucket", "_sum", "_count"].contains(&end))
        })
    }

    /// Returns the series that the expression names, or its first problem. A value with a `$` is a variable of the
    /// dashboard and matches every value. `shown` has the labels that the legend shows.
    pub fn check(&self, expression: &str, shown: &[String]) -> Result<BTreeSet<String>, String> {
        let tokens = tokens(expression)?;
        let (mut used, mut grouped) = (BTreeSet::new(), shown.to_vec());
        let mut at = 0;
        while at < tokens.len() {
            let next = tokens.get(at + 1).map(String::as_str);
            let word = tokens[at].as_str();
            at += 1;
            if !word.starts_with(|letter: char| letter.is_ascii_alphabetic()) || OPERATORS.contains(&word) {
                continue;
            }
            if GROUPINGS.contains(&word) {
                let end = end_of(&tokens, at, ("(", ")"))?;
                grouped.extend(tokens[at + 1..end].iter().filter(|token| *token != ",").cloned());
                at = end + 1;
            } else if matches!(next, Some("(" | "by" | "without")) {
                if !FUNCTIONS.contains(&word) {
                    return Err(format!("there is no function {word}"));
                }
                // The second argument of `label_values` is a label.
                if word == "label_values" {
                    let end = end_of(&tokens, at, ("(", ")"))?;
                    used.extend(self.selected(&tokens[at + 1..end - 2])?.1);
                    grouped.push(tokens[end - 1].clone());
                    at = end + 1;
                }
            } else {
                let (length, name) = self.selected(&tokens[at - 1..])?;
                used.extend(name);
                at += length - 1;
            }
        }
        let has = |label: &String| used.iter().any(|name| self.0[name].contains_key(label));
        match grouped.iter().find(|label| !TARGET.contains(&label.as_str()) && !has(label)) {
            Some(label) => Err(format!("none of {used:?} has the label {label}")),
            None => Ok(used),
        }
    }

    /// Checks the selector at the beginning of the tokens. Returns its number of tokens, and its series.
    fn selected(&self, tokens: &[String]) -> Result<(usize, Option<String>), String> {
        let [name, rest @ ..] = tokens else { return Err("a metric is missing".to_owned()) };
        let labels = self.0.get(name).ok_or_else(|| format!("there is no metric {name}"))?;
        if rest.first().is_none_or(|token| token != "{") {
            return Ok((1, Some(name.clone())));
        }
        let end = end_of(tokens, 1, ("{", "}"))?;
        for matcher in tokens[2..end].split(|token| token == ",") {
            let [label, operator, value] = matcher else { return Err(format!("{matcher:?} of {name}")) };
            if TARGET.contains(&label.as_str()) {
                continue;
            }
            let known = labels.get(label).ok_or_else(|| format!("{name} has no label {label}"))?;
            let is_pattern = operator.ends_with('~');
            for value in value.trim_matches('"').split(|letter| is_pattern && letter == '|') {
                if !value.contains('$') && !known.contains(value) {
                    return Err(format!("{name} has no {label}=\"{value}\""));
                }
            }
        }
        Ok((end + 1, Some(name.clone())))
    }
}

/// Returns the index of the closing bracket; `from` is the index of the opening one.
fn end_of(tokens: &[String], from: usize, (open, close): (&str, &str)) -> Result<usize, String> {
    if tokens.get(from).is_none_or(|token| token != open) {
        return Err(format!("a {open} is missing"));
    }
    let end = tokens.iter().skip(from).position(|token| token == close);
    end.map(|length| from + length).ok_or_else(|| format!("a {close} is missing"))
}

fn tokens(expression: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let in_word = |letter: char| letter.is_ascii_alphanumeric() || "_:.$".contains(letter);
        let length = if first == '"' {
            2 + rest[1..].find('"').ok_or("a quotation mark is missing")?
        } else if in_word(first) {
            rest.find(|letter| !in_word(letter)).unwrap_or(rest.len())
        } else if first == '{' || !"=!<>~".contains(first) {
            first.len_utf8()
        } else {
            rest.find(|letter| !"=!<>~".contains(letter)).unwrap_or(rest.len())
        };
        found.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

#[test]
fn an_unknown_name_is_found() {
    let text = "# TYPE a counter\na_total{worker=\"0\",code=\"7\"} 1\na_total{worker=\"1\",code=\"8\"} 1\nb 2\n\
                c_bucket{le=\"1.0\"} 1\nc_sum 1\nc_count 1\n";
    let exported = Exported::read(text);
    assert_eq!(exported.metrics().into_iter().collect::<Vec<_>>(), ["a_total", "b", "c"]);
    assert_eq!(exported.metric_of("c_bucket"), Some("c"));
    for (expression, expected) in [
        ("sum by (job, code) (rate(a_total{job=\"x\", code=~\"7|8\"}[5m])) > 0.5", Ok(vec!["a_total"])),
        ("a_total{code=\"$code\"} unless on (instance) b", Ok(vec!["a_total", "b"])),
        ("histogram_quantile(0.9, sum by (le) (rate(c_bucket[$__rate_interval])))", Ok(vec!["c_bucket"])),
        ("time() - b{instance=~\"$node\"}", Ok(vec!["b"])),
        ("label_values(b{job=\"$job\"}, instance)", Ok(vec!["b"])),
        ("min_over_time(b[1h]) > 0 and up == 0", Ok(vec!["b", "up"])),
        ("rate(a[5m])", Err("there is no metric a")),
        ("c", Err("there is no metric c")),
        ("b + d", Err("there is no metric d")),
        ("rte(b[5m])", Err("there is no function rte")),
        ("a_total{cod=\"7\"}", Err("a_total has no label cod")),
        ("a_total{code=\"9\"}", Err("a_total has no code=\"9\"")),
        ("a_total{code=~\"7|9\"}", Err("a_total has no code=\"9\"")),
        ("sum by (code) (b)", Err("none of {\"b\"} has the label code")),
        ("label_values(b, code)", Err("none of {\"b\"} has the label code")),
        ("label_values(d, job)", Err("there is no metric d")),
        ("a_total{code=\"7\"", Err("a } is missing")),
    ] {
        let found = exported.check(expression, &[]);
        let found = found.as_ref().map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(found.map_err(String::as_str), expected, "{expression}");
    }
    assert!(exported.check("b", &["code".to_owned()]).is_err(), "the legend");
}
