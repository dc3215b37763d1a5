//! Finds pages of the documentation that are missing from a web build. Used by the tests, and by `build.rs` to warn of
//! an outdated `web/dist`.

/// Returns the pages that `docs/SUMMARY.md` lists and the site lacks, as paths in the site.
/// `web/packages/docs/build/summary.ts` has the same rules for paths.
pub fn missing_pages(summary: &str, has: impl Fn(&str) -> bool) -> Vec<String> {
    let links =
        summary.lines().filter_map(|line| line.strip_prefix("- [")?.rsplit_once("](")?.1.strip_suffix(')'));
    links.map(address).filter(|page| !has(page)).collect()
}

/// Returns the path of a page within the site, from its link in the summary.
fn address(link: &str) -> String {
    let page = link.strip_suffix(".md").unwrap_or(link);
    match page.strip_prefix("../") {
        _ if page == "README" => "docs/index.html".to_owned(),
        Some(elsewhere) => format!("docs/repository/{}.html", elsewhere.to_lowercase()),
        None => format!("docs/{page}.html"),
    }
}
