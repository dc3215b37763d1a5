//! The free space of the file system that the build is written to.

use crate::ground::{Ground, output};
use anyhow::{Context, Result, bail};

/// The free space in MiB that all steps need in a fresh clone: some 13 GiB, and a small reserve.
const FOR_FRESH_CLONE: u64 = 14 * 1024;
/// The free space in MiB that all steps need if most of the tree is already built.
const FOR_BUILT_TREE: u64 = 3 * 1024;

/// Returns an error if the file system has too little free space for all steps. Otherwise a compiler would fail after
/// minutes, with a message that is easily taken for a fault of the code.
pub fn check(ground: &Ground) -> Result<()> {
    let needed = if ground.path("target/debug/deps").exists() { FOR_BUILT_TREE } else { FOR_FRESH_CLONE };
    let free = free_mebibytes(&output(ground.command("df").args(["-P", "-k", "."]))?)?;
    println!("disk: {} GiB free", free / 1024);
    if free < needed {
        bail!(
            "{} GiB are free on the disk of this folder, and the build needs up to {} GiB; \
             `cargo clean` removes former builds",
            free / 1024,
            needed / 1024
        );
    }
    Ok(())
}

/// Reads the free space in MiB from the output of `df -P -k` for one folder.
fn free_mebibytes(df: &str) -> Result<u64> {
    // The columns are: file system, blocks, used, available, capacity, mounted on.
    let available = df.lines().nth(1).and_then(|line| line.split_whitespace().nth(3));
    let blocks: u64 = available
        .and_then(|blocks| blocks.parse().ok())
        .with_context(|| format!("the output of `df` is not as expected:\n{df}"))?;
    Ok(blocks / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_free_space_is_the_fourth_column() {
        let df = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n\
                  /dev/vda         263942784 55000000  20971520      58% /\n";
        assert_eq!(free_mebibytes(df).unwrap(), 20_480);
        for wrong in ["", "Filesystem 1024-blocks\n", "a\n/dev/vda 1 2 much 58% /\n"] {
            assert!(free_mebibytes(wrong).unwrap_err().to_string().contains("df"), "{wrong}");
        }
    }
}
