//! CSV rows (RFC 4180) for spreadsheets.

/// Returns one row, with its line end.
pub fn row(cells: &[&str]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| quoted(cell)).collect();
    cells.join(",") + "\r\n"
}

/// Quotes one cell if necessary. Puts an apostrophe before text that a spreadsheet would execute as a formula.
fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    let cell = if is_formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_has_to_be_and_is_never_a_formula() {
        for (cells, text) in [
            (&["a", "", "听"][..], "a,,听\r\n"),
            (&["a,b", "say \"hi\"", "two\nlines"], "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n"),
            (&["=1+1", "@x", "-7", "-7a", "+a"], "'=1+1,'@x,-7,'-7a,'+a\r\n"),
            (&["=A1,B1"], "\"'=A1,B1\"\r\n"),
        ] {
            assert_eq!(row(cells), text);
        }
    }
}
