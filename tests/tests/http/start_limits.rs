//! Limits on the sandboxes that a member, and an organisation, may start in an hour.

use std::num::NonZeroU32;

use sandcastle::{Name, service::CountedLimits};
use sandcastle_execute::Allowance;
use time::{Duration, OffsetDateTime};

use crate::support::{Answer, World};

/// A world that lets two sandboxes start in an hour for each member, and three for each organisation.
async fn limited() -> World {
    let world = World::new().await;
    let name = |text| Name::parse(text).unwrap();
    world.add_record("tql_colleague", |record| record.member = name("bob")).await;
    world.add_record("tql_stranger", |record| record.org = name("other")).await;
    let router = world.limited(allowance());
    World { router, ..world }
}

fn allowance() -> Allowance {
    let counted = CountedLimits {
        starts_of_member: NonZeroU32::new(2),
        starts_of_org: NonZeroU32::new(3),
        ..CountedLimits::default()
    };
    Allowance { counted, ..Allowance::default() }
}

async fn start(world: &World, token: &str) -> Answer {
    let request = world.request_of(token, "POST", "/v2/sandcastles");
    world.send(request.body(axum::body::Body::empty()).unwrap()).await
}

fn assert_refused(answer: &Answer, whose: &str) {
    assert_eq!((answer.status.as_u16(), answer.code()), (429, "rate_limit_exceeded"), "{answer:?}");
    assert!(answer.message().starts_with(whose) && answer.message().contains("stop one"), "{answer:?}");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1, "{answer:?}");
}

#[tokio::test]
async fn each_member_and_each_organisation_may_start_so_many() {
    let world = limited().await;
    let own = world.token.clone();
    let first = world.sandbox().await;
    assert_eq!(start(&world, &own).await.status, 201);
    assert_refused(&start(&world, &own).await, "this member may start 2 sandboxes in an hour");
    assert_eq!(start(&world, "tql_colleague").await.status, 201);
    assert_refused(&start(&world, "tql_colleague").await, "this organisation may start 3 sandboxes in an hour");
    assert_eq!(start(&world, "tql_stranger").await.status, 201, "another organisation");
    assert_eq!(world.call("DELETE", &format!("/v2/sandcastles/{first}"), "").await.status, 200);
    assert_eq!(start(&world, &own).await.status, 201, "a stop makes room");
}

#[tokio::test]
async fn what_was_started_an_hour_ago_counts_no_more() {
    let world = limited().await;
    let own = world.token.clone();
    for _ in 0..2 {
        world.sandbox().await;
    }
    assert_refused(&start(&world, &own).await, "this member");
    let router = world.limited_at(allowance(), || OffsetDateTime::now_utc() + Duration::minutes(61));
    let later = World { router, ..world };
    assert_eq!(start(&later, &own).await.status, 201);
}
