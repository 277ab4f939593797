//! The limit on what an organisation stores in a day.

use std::{num::NonZeroU64, sync::LazyLock};

use sandcastle::{KeyRecord, Name, service::CountedLimits};
use sandcastle_execute::Allowance;
use time::{Duration, OffsetDateTime};

use crate::support::{Answer, World};

/// The time of all calls, so that no midnight comes between them.
static NOW: LazyLock<OffsetDateTime> = LazyLock::new(OffsetDateTime::now_utc);

const MIB: usize = 1 << 20;

fn allowance() -> Allowance {
    let counted = CountedLimits { bytes_of_org: NonZeroU64::new(4 * MIB as u64), ..CountedLimits::default() };
    Allowance { counted, ..Allowance::default() }
}

/// A world whose organisations may store 4 MiB in a day.
async fn limited() -> World {
    let world = World::new().await;
    let router = world.limited_at(allowance(), || *NOW);
    World { router, ..world }
}

fn mebibyte(of: &str) -> String {
    of.repeat(MIB)
}

fn assert_refused(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.code()), (429, "rate_limit_exceeded"), "{answer:?}");
    assert!(answer.message().contains("may store 4 MiB in a day"), "{answer:?}");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1, "{answer:?}");
}

#[tokio::test]
async fn an_organisation_may_store_so_much_in_a_day() {
    let world = limited().await;
    let (id, other) = (world.sandbox().await, world.sandbox().await);
    for name in ["a", "b", "c", "d"] {
        let sandbox = if name < "c" { &id } else { &other };
        assert_eq!(world.upload(sandbox, name, &mebibyte(name)).await.status, 200, "{name}");
    }
    assert_refused(&world.upload(&id, "e", &mebibyte("e")).await);
    assert_eq!(world.names(&id).await, ["a", "b"], "nothing of the refused call is kept");
    assert_eq!(world.upload(&id, "again", &mebibyte("a")).await.status, 200, "what is stored already counts no more");
    assert_eq!(world.upload(&id, "small", "e").await.status, 200, "a little is always allowed");
    let stranger = |record: &mut KeyRecord| record.org = Name::parse("other").unwrap();
    world.add_record("tql_stranger", stranger).await;
    let stranger = World { token: "tql_stranger".into(), ..world };
    let theirs = stranger.sandbox().await;
    assert_eq!(stranger.upload(&theirs, "e", &mebibyte("e")).await.status, 200, "another organisation");
}

#[tokio::test]
async fn the_next_day_begins_anew() {
    let world = limited().await;
    let id = world.sandbox().await;
    for name in ["a", "b", "c", "d"] {
        world.upload(&id, name, &mebibyte(name)).await;
    }
    assert_refused(&world.upload(&id, "e", &mebibyte("e")).await);
    let router = world.limited_at(allowance(), || *NOW + Duration::DAY);
    let tomorrow = World { router, ..world };
    assert_eq!(tomorrow.upload(&id, "e", &mebibyte("e")).await.status, 200);
}

#[tokio::test]
async fn a_little_at_a_time_counts_too() {
    let world = limited().await;
    let id = world.sandbox().await;
    let part = |n: u8| char::from(b'a' + n).to_string().repeat(MIB / 5);
    for n in 0..20 {
        assert_eq!(world.upload(&id, "file", &part(n)).await.status, 200, "{n}");
    }
    let refused = [world.upload(&id, "file", &part(20)).await, world.upload(&id, "file", &part(21)).await];
    assert!(refused.iter().any(|answer| answer.status == 429), "{refused:?}");
}
