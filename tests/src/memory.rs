//! What can be read of a process by root: its environment, its command line, its memory.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
};

/// As much of a mapping as is read at once.
const PIECE: usize = 1 << 20;

/// Which of these texts stand somewhere in the process.
pub fn found_in(pid: i32, texts: &[String]) -> Vec<String> {
    let mut found = vec![false; texts.len()];
    let mut look = |bytes: &[u8]| {
        for (text, found) in texts.iter().zip(&mut found) {
            *found = *found || contains(bytes, text.as_bytes());
        }
    };
    for name in ["environ", "cmdline"] {
        look(&fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default());
    }
    let longest = texts.iter().map(String::len).max().unwrap_or_default();
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap_or_else(|error| panic!("memory of {pid}: {error}"));
    let mut bytes = vec![0; PIECE + longest];
    for (start, end) in maps.lines().filter_map(readable) {
        let mut at = start;
        while at < end {
            // Pieces overlap, so that a text across a border is found.
            let length = bytes.len().min(usize::try_from(end - at).unwrap());
            match memory.read_at(&mut bytes[..length], at) {
                Ok(read) => look(&bytes[..read]),
                Err(_) => break, // such as [vvar]
            }
            at += PIECE as u64;
        }
    }
    texts.iter().zip(found).filter(|(_, found)| *found).map(|(text, _)| text.clone()).collect()
}

/// A line of `/proc/<pid>/maps`, when the mapping may be read.
fn readable(line: &str) -> Option<(u64, u64)> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    rest.starts_with('r').then_some((number(start)?, number(end)?))
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    memchr::memmem::find(bytes, text).is_some()
}
