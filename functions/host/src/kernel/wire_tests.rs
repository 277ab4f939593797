//! Tests of the host's frame parser: whatever a kernel sends, cut wherever, is a message or an error.

use futures::executor::block_on;
use proptest::{collection::vec, prelude::*};
use sandcastle_protocol::{Done, FromKernel, VERSION};
use serde_json::Value;

use super::*;

/// Reads one frame of bytes that come in two parts.
fn read_parts<T: DeserializeOwned>(first: &[u8], second: &[u8]) -> Result<Option<T>, FrameError> {
    block_on(read(&mut first.chain(second)))
}

fn frame(announced: u32, body: &[u8]) -> Vec<u8> {
    [&[VERSION][..], &announced.to_le_bytes(), body].concat()
}

#[test]
fn a_frame_of_very_many_elements_is_not_decoded() {
    let names = |count: usize| format!(r#"{{"type":"need","groups":[{}]}}"#, vec!["1"; count].join(","));
    let read = |count| {
        let body = names(count).into_bytes();
        read_parts::<FromKernel>(&frame(u32::try_from(body.len()).unwrap(), &body), &[])
    };
    assert!(matches!(read(MAX_ELEMENTS), Ok(Some(FromKernel::Need(_)))));
    assert!(matches!(read(MAX_ELEMENTS + 10), Err(FrameError::TooMany { .. })));
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes in vec(any::<u8>(), 0..64), cut in any::<prop::sample::Index>()) {
        let (first, second) = bytes.split_at(cut.index(bytes.len() + 1));
        let read = read_parts::<FromKernel>(first, second);
        prop_assert!(!matches!(read, Ok(None)) || first.is_empty());
    }

    #[test]
    fn a_body_shorter_than_announced_or_announced_too_long_is_an_error(
        body in vec(any::<u8>(), 0..64),
        announced in prop_oneof![0u32..80, any::<u32>()],
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes = frame(announced, &body);
        let (first, second) = bytes.split_at(1 + cut.index(bytes.len()));
        let read = read_parts::<Value>(first, second);
        if announced as usize > MAX_READ {
            prop_assert!(matches!(read, Err(FrameError::TooLong { .. })), "{:?}", read);
        } else if announced as usize > body.len() {
            prop_assert!(matches!(read, Err(FrameError::Io(_))), "{:?}", read);
        }
    }

    #[test]
    fn what_is_written_is_read(names in vec(".*", 0..8), cwd in ".*", cut in any::<prop::sample::Index>()) {
        let done = FromKernel::Done(Box::new(Done { names: names.clone(), cwd: cwd.clone(), ..Done::default() }));
        let mut bytes = Vec::new();
        block_on(write(&mut bytes, &done)).unwrap();
        let (first, second) = bytes.split_at(1 + cut.index(bytes.len()));
        let Ok(Some(FromKernel::Done(read))) = read_parts(first, second) else { panic!("wanted what was written") };
        prop_assert_eq!((read.names, read.cwd), (names, cwd));
        prop_assert!(second.is_empty() || read_parts::<FromKernel>(first, &[]).is_err());
    }
}
