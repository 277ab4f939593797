//! Keys with a limit on their member's running sandboxes: what may start, what is refused, and when another may start.

use sandcastle::{Name, Scope};

use crate::support::{Answer, World};

/// A world whose key starts sandboxes only while its member has fewer than this many.
async fn limited(limit: u32) -> World {
    let world = World::new().await;
    let token = "tql_limited".to_owned();
    world.add_record(&token, |record| record.sandbox_limit = Some(limit)).await;
    World { token, ..world }
}

async fn start(world: &World, body: &str) -> Answer {
    world.call("POST", "/v2/sandcastles", body).await
}

fn restart(id: &str) -> String {
    serde_json::json!({ "sandbox_id": id }).to_string()
}

fn assert_refused(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.code()), (429, "rate_limit_exceeded"), "{answer:?}");
    assert!(answer.message().contains("stop one") && answer.message().contains("29 days"), "{answer:?}");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1, "{answer:?}");
}

#[tokio::test]
async fn a_member_starts_as_many_as_the_key_allows_and_a_stop_makes_room() {
    let world = limited(2).await;
    let (first, second) = (world.sandbox().await, world.sandbox().await);
    assert_refused(&start(&world, "").await);
    // One that runs takes no more room when it is started again, and goes on to execute.
    assert_eq!(start(&world, &restart(&first)).await.status, 201);
    assert_eq!(world.execute(&first, "1").await.status, 200);
    assert_eq!(world.call("DELETE", &format!("/v2/sandcastles/{first}"), "").await.status, 200);
    let third = world.sandbox().await;
    // One that was stopped does.
    assert_refused(&start(&world, &restart(&first)).await);
    assert_eq!(world.call("DELETE", &format!("/v2/sandcastles/{second}"), "").await.status, 200);
    assert_eq!(start(&world, &restart(&first)).await.status, 201);
    assert_refused(&start(&world, &restart(&second)).await);
    assert_eq!(world.call("GET", &format!("/v2/sandcastles/{third}"), "").await.status, 200);
}

#[tokio::test]
async fn what_is_counted_is_the_members_whatever_key_started_them_and_nobody_elses() {
    let world = limited(1).await;
    let name = |text| Name::parse(text).unwrap();
    world.add_record("tql_colleague", |record| record.member = name("bob")).await;
    world.add_record("tql_stranger", |record| record.org = name("other")).await;
    world.add_key("tql_unlimited", &Scope::ALL, None).await;
    let send = async |token: &str, body: &str| {
        let request = world.request_of(token, "POST", "/v2/sandcastles");
        world.send(request.body(axum::body::Body::from(body.to_owned())).unwrap()).await
    };
    for token in ["tql_colleague", "tql_stranger", "tql_limited"] {
        assert_eq!(send(token, "").await.status, 201, "{token}");
    }
    assert_refused(&send("tql_limited", "").await);
    let by_other_key = send("tql_unlimited", "").await;
    assert_eq!(by_other_key.status, 201, "another key of the member has no limit");
    // Whether there is a sandbox is told before there is room for it.
    let unknown = send("tql_limited", &restart("01920000-0000-7000-8000-000000000000")).await;
    assert_eq!((unknown.status.as_u16(), unknown.code()), (404, "not_found"));
}

#[tokio::test]
async fn members_are_counted_beyond_the_first_page_of_a_large_organisation() {
    let world = limited(2).await;
    let own = world.sandbox().await;
    world.add_record("tql_colleague", |record| record.member = Name::parse("bob").unwrap()).await;
    let colleague = World { token: "tql_colleague".into(), ..world };
    for _ in 0..1001 {
        colleague.sandbox().await;
    }
    let world = World { token: "tql_limited".into(), ..colleague };
    assert_eq!(start(&world, "").await.status, 201);
    // The older of the member's two comes after all of the colleague's.
    assert_refused(&start(&world, "").await);
    assert_eq!(world.call("DELETE", &format!("/v2/sandcastles/{own}"), "").await.status, 200);
    assert_eq!(start(&world, "").await.status, 201);
}
