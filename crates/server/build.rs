//! Puts the built web pages (`web/dist`) into the crate, as a table that `src/web/files.rs` includes. If the pages were
//! not built, the table is empty. Building the server therefore needs no node.js.

#[path = "src/web/summary.rs"]
mod summary;

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

/// The suffixes of a file's compressed forms, which the web build writes.
const PACKED: [&str; 2] = ["br", "gz"];

fn main() {
    let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let dist = package.join("../../web/dist");
    println!("cargo:rerun-if-changed=build.rs");
    // Cargo watches every file in the folder. The repository contains the empty folder: if the path were missing, cargo
    // would rebuild this crate each time.
    println!("cargo:rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    collect(&dist, &dist, &mut files);
    files.sort();
    warn_of_missing_pages(&package.join("../../docs/SUMMARY.md"), &files);
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("web_files.rs"), table(&dist, &files)).expect("the output folder can be written");
}

/// Warns if `web/dist` lacks pages that `docs/SUMMARY.md` lists. In this case, the web pages were built before the
/// documentation of this tree changed.
fn warn_of_missing_pages(list: &Path, files: &[String]) {
    // Without the list or the site, there is nothing to compare.
    let Ok(text) = fs::read_to_string(list) else { return };
    println!("cargo:rerun-if-changed={}", list.display());
    let has = |page: &str| files.binary_search_by(|file| file.as_str().cmp(page)).is_ok();
    if has("docs/index.html") {
        let missing = summary::missing_pages(&text, has);
        if let Some(first) = missing.first() {
            println!(
                "cargo:warning=web/dist is older than docs/SUMMARY.md: {} of its pages are missing, {first} for one; build \
                 the pages anew with `npm run build` in web/",
                missing.len()
            );
        }
    }
}

/// Appends to `files` the path of each file in `folder` and its subfolders, relative to `root`. Appends nothing if the
/// folder does not exist.
fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("the web build writes plain names");
        if path.is_dir() {
            collect(root, &path, files);
        } else if !name.starts_with('.') {
            let path = path.strip_prefix(root).expect("it is below the root");
            files.push(path.to_str().expect("the web build writes plain names").replace('\\', "/"));
        }
    }
}

/// Returns the Rust code of the table. The entries are in the order of `files`, which are sorted by path.
fn table(dist: &Path, files: &[String]) -> String {
    let mut table = "&[\n".to_owned();
    for path in files.iter().filter(|path| packed_form_of(path, files).is_none()) {
        let plain = fs::canonicalize(dist.join(path)).expect("it was listed just now");
        let mut hasher = DefaultHasher::new();
        hasher.write(&fs::read(&plain).expect("a file of the web build can be read"));
        let packed = PACKED.map(|ending| {
            let packed = format!("{path}.{ending}");
            match files.contains(&packed) {
                true => format!("Some(include_bytes!({:?}))", plain.with_file_name(file_name(&packed))),
                false => "None".to_owned(),
            }
        });
        let [brotli, gzip] = packed;
        writeln!(
            table,
            "    File {{ path: {path:?}, tag: \"{:016x}\", plain: include_bytes!({plain:?}), brotli: {brotli}, gzip: {gzip} }},",
            hasher.finish()
        )
        .expect("a string takes everything");
    }
    table + "]\n"
}

/// If `path` is a compressed form of a file, returns that file; otherwise `None`.
fn packed_form_of<'a>(path: &'a str, files: &[String]) -> Option<&'a str> {
    let (plain, ending) = path.rsplit_once('.')?;
    (PACKED.contains(&ending) && files.iter().any(|file| file == plain)).then_some(plain)
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
