//! Tests of the pool.

use std::time::Duration;

use super::*;

fn org() -> Name {
    Name::parse("acme").unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(20)
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

#[tokio::test]
async fn the_least_recently_used_kernel_gives_up_its_seat() {
    let pool = Pool::new(2);
    let [a, b, c] = [SandboxId::new(), SandboxId::new(), SandboxId::new()];
    pool.put(a, org(), pool.seat(&org(), soon()).await.unwrap());
    pool.put(b, org(), pool.seat(&org(), soon()).await.unwrap());
    let used = pool.take(&a).unwrap();
    pool.put(a, org(), used);
    pool.put(c, org(), pool.seat(&org(), soon()).await.unwrap());
    assert!(pool.take(&b).is_none());
    assert!(pool.take(&a).is_some());
}

#[tokio::test]
async fn the_kernels_of_an_organisation_give_way_to_its_own_first() {
    let pool = Pool::new(3);
    let [bystander, one, two, three] = std::array::from_fn(|_| SandboxId::new());
    let other = Name::parse("other").unwrap();
    pool.put(bystander, other.clone(), pool.seat(&other, soon()).await.unwrap());
    for sandbox in [one, two, three] {
        pool.put(sandbox, org(), pool.seat(&org(), soon()).await.unwrap());
    }
    assert!(pool.take(&bystander).is_some());
    assert!(pool.take(&one).is_none());
}

#[tokio::test]
async fn without_an_idle_kernel_a_seat_is_waited_for() {
    let pool: Arc<Pool<Seat>> = Arc::new(Pool::new(1));
    let seat = pool.seat(&org(), soon()).await.unwrap();
    assert!(pool.seat(&org(), soon()).await.is_none());
    let other = Arc::clone(&pool);
    let waiting = tokio::spawn(async move { other.seat(&org(), later()).await.is_some() });
    tokio::task::yield_now().await;
    pool.put(SandboxId::new(), org(), seat);
    assert!(waiting.await.unwrap());
}

#[tokio::test]
async fn turns_of_one_sandbox_come_one_after_the_other_and_are_forgotten() {
    let pool: Pool<()> = Pool::new(4);
    let sandbox = SandboxId::new();
    let first = pool.turn(sandbox, &org(), soon()).await.unwrap();
    assert!(pool.turn(SandboxId::new(), &org(), soon()).await.is_some());
    assert!(pool.turn(sandbox, &org(), soon()).await.is_none());
    drop(first);
    drop(pool.turn(sandbox, &org(), soon()).await.unwrap());
    assert!(pool.inner.lock().turns.is_empty());
}
