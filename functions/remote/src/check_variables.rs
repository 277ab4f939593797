//! Holds what an interpreter says of variables against the budgets that an honest host keeps. What is in their bytes only a kernel
//! of the same sandbox ever reads.

use sandcastle::{limits::MAX_NAMES, manifest::Manifest, variables::Totals};
use time::{Duration, OffsetDateTime};

/// The longest text that says why something is gone, in bytes.
pub(crate) const MAX_REASON_BYTES: usize = 1024;
/// Clocks may differ by so much.
pub(crate) const SKEW: Duration = Duration::minutes(5);

/// What is wrong with a manifest's variables, if anything is.
pub(crate) fn checked(manifest: &Manifest, now: OffsetDateTime) -> Result<(), &'static str> {
    let require = |holds: bool, otherwise| if holds { Ok(()) } else { Err(otherwise) };
    let Manifest { variables, groups, .. } = manifest;
    require(variables.len() <= MAX_NAMES, "too many variables")?;
    let mut reasons = variables.values().filter_map(|variable| variable.not_stored.as_ref());
    require(reasons.all(|why| why.len() <= MAX_REASON_BYTES), "a reason that is too long")?;
    groups.values().try_fold(Totals::default(), Totals::with)?;
    require(groups.values().all(|group| group.stored_at <= now + SKEW), "a group stored in the future")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use sandcastle::{
        ContentHash, Name, VariableName,
        limits::{MAX_BUFFERS, MAX_CHUNKS},
        manifest::Epoch,
        variables::{Blob, Group, GroupId, GroupKind, Variable},
    };

    fn group(now: OffsetDateTime) -> Group {
        let names = vec![VariableName::parse("x").unwrap()];
        let pickle = Blob::Inline(b"pickle".as_slice().into());
        let buffers = vec![Blob::Chunks { size: 1, hashes: vec![ContentHash::of(b"c")] }];
        Group { names, kind: GroupKind::Data, order: 0, pickle, buffers, stored_at: now }
    }

    fn verdict(spoil: impl FnOnce(&mut Group, &mut Variable)) -> Result<(), &'static str> {
        let (name, now) = (Name::parse("test").unwrap(), OffsetDateTime::now_utc());
        let (mut group, mut variable) = (group(now), Variable::default());
        spoil(&mut group, &mut variable);
        let mut manifest = Manifest::started(name.clone(), name, now, Epoch(1));
        manifest.variables = Arc::new([(VariableName::parse("x").unwrap(), variable)].into());
        manifest.groups = Arc::new([(GroupId(1), group)].into());
        checked(&manifest, now)
    }

    #[test]
    fn honest_groups_pass_and_each_lie_is_named() {
        assert_eq!(verdict(|_, _| ()), Ok(()));
        let long = verdict(|_, variable| variable.not_stored = Some("y".repeat(MAX_REASON_BYTES + 1)));
        assert_eq!(long, Err("a reason that is too long"));
        let names = verdict(|group, _| group.names = vec![group.names[0].clone(); MAX_NAMES + 1]);
        assert_eq!(names, Err("too many names in groups"));
        let buffers = verdict(|group, _| group.buffers = vec![group.buffers[0].clone(); MAX_BUFFERS + 1]);
        assert_eq!(buffers, Err("too many buffers"));
        let hashes = vec![ContentHash::of(b"c"); MAX_CHUNKS + 1];
        let chunks = verdict(|group, _| group.pickle = Blob::Chunks { size: 1, hashes });
        assert_eq!(chunks, Err("too many chunks"));
        let future = verdict(|group, _| group.stored_at += Duration::days(1));
        assert_eq!(future, Err("a group stored in the future"));
        let inline = verdict(|group, _| group.pickle = Blob::Inline(vec![0; 70_000].into()));
        assert_eq!(inline, Err("too many bytes of values in the manifest"));
    }
}
