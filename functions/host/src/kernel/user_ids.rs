//! Which user ids kernels get, where the host is root.

use std::{fs, ops::Range};

/// So many are used, at most.
const MOST: u32 = 50_000;

/// The ids from this one on, or as many as there are where the host is root of a user namespace with fewer (user_namespaces(7)):
/// in a container without root, or with a user's subordinate ids. Under another user they are numbers only.
pub(crate) fn from(first: u32, is_root: bool) -> Range<u32> {
    if !is_root {
        return first..first.saturating_add(MOST);
    }
    let known = |name: &str| {
        let map = fs::read_to_string(format!("/proc/self/{name}"));
        map.map_or(first..first.saturating_add(MOST), |map| within(&map, first))
    };
    // A kernel's group has the same number.
    let (users, groups) = (known("uid_map"), known("gid_map"));
    users.start.max(groups.start)..users.end.min(groups.end)
}

/// The same by the lines of such a map, each of which has a first id, the id outside, and how many there are.
fn within(map: &str, first: u32) -> Range<u32> {
    let wanted = first..first.saturating_add(MOST);
    let numbers = |line: &str| -> Option<Range<u32>> {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        let (inside, _outside, count) = (numbers.next()?.ok()?, numbers.next()?, numbers.next()?.ok()?);
        // Root is the host itself.
        Some(inside.max(1)..inside.saturating_add(count))
    };
    let known: Vec<_> = map.lines().filter_map(numbers).collect();
    if known.iter().any(|known| known.start <= wanted.start && wanted.end <= known.end) {
        return wanted;
    }
    let longest = known.into_iter().max_by_key(ExactSizeIterator::len).unwrap_or(0..0);
    // The last ones: the first belong to the users of a system.
    longest.end.saturating_sub(MOST).max(longest.start)..longest.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_user_namespace() {
        assert_eq!(within("         0          0 4294967295\n", 200_000), 200_000..250_000);
        assert_eq!(within("0 1000 1\n1 100000 65536\n", 200_000), 15_537..65_537);
        assert_eq!(within("0 100000 65536\n", 200_000), 15_536..65_536);
        assert_eq!(within("0 1000 1\n1 100000 1000\n", 200_000), 1..1001);
        assert!(within("0 1000 1\n", 200_000).is_empty());
        assert!(within("no map", 200_000).is_empty());
    }
}
