//! Tests of the output parser: elements as the contract has them, and no bytes that break it.

use proptest::prelude::*;

use super::*;

const NONCE: [u8; NONCE_LEN] = *b"0123456789abcdef";

fn framed(kind: Kind, id: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![MARK];
    bytes.extend(NONCE);
    bytes.push(kind as u8);
    bytes.extend(id.to_le_bytes());
    bytes.extend(u16::try_from(payload.len()).unwrap().to_le_bytes());
    bytes.extend(payload);
    bytes
}

fn call(parts: &[&[u8]]) -> Vec<u8> {
    [&framed(Kind::Begin, 0, b"")[..], &parts.concat(), &framed(Kind::End, 0, b"")].concat()
}

fn elements(bytes: &[u8]) -> Vec<String> {
    let mut output = Output::new(NONCE);
    output.feed(bytes);
    output.finish()
}

#[test]
fn prints_are_elements_and_raw_bytes_are_lines() {
    let (last, piece) = (|id, text: &str| framed(Kind::Last, id, text.as_bytes()), framed(Kind::Piece, 7, b"hal"));
    let parts = [&last(1, "a\nb")[..], b"one\ntwo", &last(2, ""), &piece, b"raw\n", &last(7, "ves"), b"end"];
    let wanted = ["a\nb", "one", "two", "", "raw", "halves", "end"];
    assert_eq!(elements(&call(&parts)), wanted);
}

#[test]
fn what_stands_outside_the_call_belongs_to_nobody() {
    let bytes = [b"before\n", &call(&[b"within\n"])[..], b"after\n"].concat();
    assert_eq!(elements(&bytes), ["within"]);
    assert!(elements(b"never begun\n").is_empty());
}

#[test]
fn zero_bytes_and_records_of_another_call_are_output_like_any_other() {
    let mut foreign = framed(Kind::Last, 1, b"x");
    foreign[3] ^= 1;
    assert_eq!(elements(&call(&[&foreign, b"\n", b"\0\0\0\n"]))[1], "\0\0\0");
}

#[test]
fn a_flood_is_cut_once_and_marked() {
    let line = [b'x'; 1 << 20];
    let mut output = Output::new(NONCE);
    output.feed(&framed(Kind::Begin, 0, b""));
    for _ in 0..64 {
        output.feed(&line);
    }
    assert!(output.line.len() <= MAX_ELEMENT);
    let elements = output.finish();
    assert_eq!(elements.len(), 2);
    assert_eq!(elements[1], limits::TRUNCATED);
    let unfinished: Vec<u8> = (0..4000).flat_map(|id| framed(Kind::Piece, id % 1500, &[b'y'; 4000])).collect();
    assert_eq!(super::tests::elements(&call(&[&unfinished])).last().unwrap(), limits::TRUNCATED);
    let empty = framed(Kind::Last, 1, b"").repeat(MAX_ELEMENTS + 10);
    assert_eq!(super::tests::elements(&call(&[&empty])).last().unwrap(), limits::TRUNCATED);
}

/// Bytes that are likely to look like records.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let kinds = prop_oneof![Just(Kind::Begin), Just(Kind::Piece), Just(Kind::Last), Just(Kind::End)];
    let records = (kinds, 0..3u32, proptest::collection::vec(any::<u8>(), 0..40));
    let piece = prop_oneof![
        records.prop_map(|(kind, id, payload)| framed(kind, id, &payload)),
        proptest::collection::vec(any::<u8>(), 0..40),
        proptest::collection::vec(prop_oneof![Just(MARK), Just(b'\n'), Just(b'0'), Just(b'L')], 0..30),
        (0..30usize).prop_map(|cut| framed(Kind::Last, 1, b"cut").into_iter().take(cut).collect()),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_cut_of_the_stream_gives_the_same_elements(bytes in pieces(), cuts in proptest::collection::vec(any::<usize>(), 0..6)) {
        let bytes = [framed(Kind::Begin, 0, b""), bytes].concat();
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let mut output = Output::new(NONCE);
        for pair in at.windows(2) {
            output.feed(&bytes[pair[0]..pair[1]]);
        }
        prop_assert_eq!(output.finish(), elements(&bytes));
    }
}
