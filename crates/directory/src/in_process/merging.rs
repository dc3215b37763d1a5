//! Merges the first entries of all shards.

/// Returns the first `limit` entries of `parts` sorted parts, in ascending order. `append` gets the number of a part
/// and a number of entries, and appends at most that many of the first entries of the part to the list.
///
/// At first, only few entries of each part are read, because the entries are usually spread evenly. If `limit` entries
/// of each part were read, `limit * parts` entries would be read for `limit` results.
pub(super) fn first_of_all<T: Ord + Clone>(
    parts: usize,
    limit: usize,
    mut append: impl FnMut(usize, usize, &mut Vec<T>),
) -> Vec<T> {
    let mut of_each = (limit / parts + 1) * 4;
    loop {
        of_each = of_each.min(limit);
        let mut found = Vec::new();
        // Up to this entry, the entries of all parts were read. `None` if all entries were read.
        let mut complete_to: Option<T> = None;
        for part in 0..parts {
            let before = found.len();
            append(part, of_each, &mut found);
            if found.len() - before == of_each
                && let Some(last) = found.last()
                && complete_to.as_ref().is_none_or(|first| last < first)
            {
                complete_to = Some(last.clone());
            }
        }
        found.sort_unstable();
        let are_all = complete_to.is_none();
        let complete = complete_to.map_or(found.len(), |last| found.partition_point(|entry| *entry <= last));
        if are_all || complete >= limit || of_each == limit {
            found.truncate(complete.min(limit));
            return found;
        }
        of_each *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the first `limit` entries of these parts, and the number of entries that were read for it.
    fn first(parts: &[Vec<u32>], limit: usize) -> (Vec<u32>, usize) {
        let mut read = 0;
        let found = first_of_all(parts.len(), limit, |part, most, found: &mut Vec<u32>| {
            let some = &parts[part][..parts[part].len().min(most)];
            read += some.len();
            found.extend(some);
        });
        (found, read)
    }

    #[test]
    fn the_first_entries_of_all_parts_are_found_however_they_are_spread() {
        let spread: [fn(u32) -> usize; 5] = [
            |entry| entry as usize % 8,
            |entry| usize::from(entry > 900),
            |_| 7,
            |entry| (entry / 100) as usize % 8,
            |entry| if entry % 3 == 0 { 0 } else { entry as usize % 8 },
        ];
        for (number, part_of) in spread.into_iter().enumerate() {
            let mut parts = vec![Vec::new(); 8];
            (0..1_000).for_each(|entry| parts[part_of(entry)].push(entry));
            for limit in [0, 1, 2, 7, 8, 9, 100, 256, 999, 1_000, 1_001, 5_000] {
                let expected: Vec<u32> = (0..1_000.min(limit as u32)).collect();
                assert_eq!(first(&parts, limit).0, expected, "spread {number}, at most {limit}");
            }
        }
        assert_eq!(first(&[vec![], vec![]], 10).0, []);
    }

    #[test]
    fn equal_parts_are_read_little_further_than_needed() {
        let mut parts = vec![Vec::new(); 64];
        (0..100_000_u32).for_each(|entry| parts[entry as usize % 64].push(entry));
        let (found, read) = first(&parts, 256);
        assert_eq!((found.len(), read), (256, 1_280));
    }
}
