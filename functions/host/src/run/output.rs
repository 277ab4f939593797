//! Turns the bytes of a kernel's output pipe into elements; the format is that of [`sandcastle_protocol::output`].
//!
//! Whoever holds the pipe may write anything into it. All that this costs is bounded: what does not fit into the answer is
//! dropped while the pipe goes on being drained.

use std::collections::BTreeMap;

use memchr::memchr;
use sandcastle::limits::{self, OutputBudget};
use sandcastle_protocol::output::{HEADER_LEN, Header, Kind, MARK, NONCE_LEN};

/// The most bytes that one element is collected to: one more than any answer holds.
const MAX_ELEMENT: usize = limits::MAX_OUTPUT_JSON + 1;
/// The most bytes that unfinished prints of several threads are collected to.
const MAX_UNFINISHED: usize = 2 * MAX_ELEMENT;
/// The most prints that can be unfinished at once.
const MAX_OPEN_PRINTS: usize = 1024;
/// The most elements: each takes two quotes and a comma, escaped once more, of the answer.
const MAX_ELEMENTS: usize = limits::MAX_OUTPUT_ESCAPED / 5;

/// The output of one call.
pub(crate) struct Output {
    nonce: [u8; NONCE_LEN],
    stage: Stage,
    /// Bytes that may be the start of a record, to be looked at again when more have come.
    tail: Vec<u8>,
    /// Raw bytes since the last newline or record.
    line: Vec<u8>,
    unfinished: BTreeMap<u32, Vec<u8>>,
    unfinished_bytes: usize,
    elements: Vec<String>,
    budget: OutputBudget,
    overflowed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Within,
    After,
}

/// What stands at a [`MARK`].
enum Found<'a> {
    Record { kind: Kind, id: u32, payload: &'a [u8], len: usize },
    Raw,
    Incomplete,
}

impl Output {
    /// The output of the call with this nonce.
    pub(crate) fn new(nonce: [u8; NONCE_LEN]) -> Self {
        Self {
            nonce,
            stage: Stage::Before,
            tail: Vec::new(),
            line: Vec::new(),
            unfinished: BTreeMap::new(),
            unfinished_bytes: 0,
            elements: Vec::new(),
            budget: OutputBudget::default(),
            overflowed: false,
        }
    }

    /// True when the call's first record has been seen: its code may have begun.
    pub(crate) fn begun(&self) -> bool {
        self.stage != Stage::Before
    }

    /// True when the call's last record has been seen: nothing more belongs to it.
    pub(crate) fn ended(&self) -> bool {
        self.stage == Stage::After
    }

    /// Takes what was read from the pipe.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let joined;
        let mut rest = bytes;
        if !self.tail.is_empty() {
            let mut tail = std::mem::take(&mut self.tail);
            tail.extend_from_slice(bytes);
            joined = tail;
            rest = &joined;
        }
        while let Some((raw, marked)) = memchr(MARK, rest).and_then(|at| rest.split_at_checked(at)) {
            self.raw(raw);
            rest = match record(&self.nonce, marked) {
                Found::Record { kind, id, payload, len } => {
                    self.record(kind, id, payload);
                    marked.get(len..).unwrap_or_default()
                }
                Found::Raw => {
                    let (mark, after) = marked.split_at_checked(1).unwrap_or_default();
                    self.raw(mark);
                    after
                }
                Found::Incomplete => {
                    self.tail = marked.to_vec();
                    return;
                }
            };
        }
        self.raw(rest);
    }

    /// The elements, with the mark of a cut as the last one when something did not fit.
    pub(crate) fn finish(mut self) -> Vec<String> {
        let tail = std::mem::take(&mut self.tail);
        self.raw(&tail);
        self.end_line();
        for print in std::mem::take(&mut self.unfinished).into_values() {
            self.element(&print);
        }
        if self.overflowed || self.budget.is_full() {
            self.elements.push(limits::TRUNCATED.to_owned());
        }
        self.elements
    }

    fn full(&self) -> bool {
        self.overflowed || self.budget.is_full()
    }

    fn raw(&mut self, mut bytes: &[u8]) {
        if self.stage != Stage::Within || self.full() {
            return;
        }
        while let Some((line, rest)) = memchr(b'\n', bytes).and_then(|at| bytes.split_at_checked(at)) {
            extend(&mut self.line, line);
            let line = std::mem::take(&mut self.line);
            self.element(&line);
            bytes = rest.get(1..).unwrap_or_default();
        }
        extend(&mut self.line, bytes);
    }

    fn record(&mut self, kind: Kind, id: u32, payload: &[u8]) {
        match (kind, self.stage) {
            (Kind::Begin, Stage::Before) => self.stage = Stage::Within,
            (Kind::End, Stage::Within) => {
                self.end_line();
                self.stage = Stage::After;
            }
            (Kind::Piece | Kind::Last, Stage::Within) if !self.full() => {
                self.end_line();
                self.print(kind, id, payload);
            }
            _ => {}
        }
    }

    fn print(&mut self, kind: Kind, id: u32, payload: &[u8]) {
        if kind == Kind::Last {
            let mut whole = self.unfinished.remove(&id).unwrap_or_default();
            self.unfinished_bytes -= whole.len();
            extend(&mut whole, payload);
            self.element(&whole);
            return;
        }
        if self.unfinished_bytes >= MAX_UNFINISHED || self.unfinished.len() >= MAX_OPEN_PRINTS {
            self.overflowed = true;
            return;
        }
        let print = self.unfinished.entry(id).or_default();
        let before = print.len();
        extend(print, payload);
        self.unfinished_bytes += print.len() - before;
    }

    /// A partial line before a record, or at the end, is an element of its own.
    fn end_line(&mut self) {
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            self.element(&line);
        }
    }

    fn element(&mut self, bytes: &[u8]) {
        if self.elements.len() >= MAX_ELEMENTS {
            self.overflowed = true;
        } else if !self.overflowed {
            self.elements.extend(self.budget.take(String::from_utf8_lossy(bytes).into_owned()));
        }
    }
}

/// Appends as much as an element can ever show.
fn extend(element: &mut Vec<u8>, bytes: &[u8]) {
    let room = MAX_ELEMENT.saturating_sub(element.len()).min(bytes.len());
    element.extend_from_slice(bytes.get(..room).unwrap_or_default());
}

/// Reads the record at the start of `bytes`, if it is one of this call.
fn record<'a>(nonce: &[u8; NONCE_LEN], bytes: &'a [u8]) -> Found<'a> {
    let start = bytes.get(1..).unwrap_or_default();
    let known = start.len().min(NONCE_LEN);
    if start.get(..known) != nonce.get(..known) {
        return Found::Raw;
    }
    let Some((header, after)) = bytes.split_first_chunk::<HEADER_LEN>() else { return Found::Incomplete };
    let Some(Header { kind, id, payload_len }) = Header::decode(header) else { return Found::Raw };
    match after.get(..payload_len) {
        Some(payload) => Found::Record { kind, id, payload, len: HEADER_LEN + payload_len },
        None => Found::Incomplete,
    }
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
