//! Reads from `/proc` what a process uses and holds: peak memory, open files; as root also its environment, command line and
//! memory.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
};

/// The peak resident memory of a process so far, in bytes (`VmHWM`).
pub fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

/// How many temporary files a process has open that are deleted.
pub fn open_deleted_files(pid: u32) -> usize {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    let targets = open.filter_map(|entry| Some(fs::read_link(entry.path()).ok()?.display().to_string()));
    targets.filter(|target| target.starts_with("/tmp/") && target.ends_with(" (deleted)")).count()
}

/// Bytes of a mapping that are read at once.
const CHUNK: usize = 1 << 20;

/// Which of these texts occur in the environment, command line or memory of a process.
pub fn texts_in(pid: i32, texts: &[String]) -> Vec<String> {
    let mut found = vec![false; texts.len()];
    let mut search = |bytes: &[u8]| {
        for (text, found) in texts.iter().zip(&mut found) {
            *found = *found || contains(bytes, text.as_bytes());
        }
    };
    for name in ["environ", "cmdline"] {
        search(&fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default());
    }
    let longest = texts.iter().map(String::len).max().unwrap_or_default();
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap_or_else(|error| panic!("memory of {pid}: {error}"));
    let mut bytes = vec![0; CHUNK + longest];
    for (start, end) in maps.lines().filter_map(readable) {
        let mut at = start;
        while at < end {
            // Chunks overlap, so that a text across a border is found.
            let length = bytes.len().min(usize::try_from(end - at).unwrap());
            match memory.read_at(&mut bytes[..length], at) {
                Ok(read) => search(&bytes[..read]),
                Err(_) => break, // such as [vvar]
            }
            at += CHUNK as u64;
        }
    }
    texts.iter().zip(found).filter(|(_, found)| *found).map(|(text, _)| text.clone()).collect()
}

/// Start and end of the mapping that a line of `/proc/<pid>/maps` describes, if it is readable.
fn readable(line: &str) -> Option<(u64, u64)> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    rest.starts_with('r').then_some((number(start)?, number(end)?))
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    memchr::memmem::find(bytes, text).is_some()
}
