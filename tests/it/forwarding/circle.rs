//! Masters that forward to each other in a circle: it ends with an error, and nothing is kept.

use super::{REMOTE, in_json, kept, other, proxy};
use crate::support::master::{Place, Request, TestMaster};

async fn refused(first: &TestMaster, masters: &[&TestMaster]) {
    let mut before = Vec::new();
    for master in masters {
        before.push(master.dump().await);
    }
    let answer = first.request(Request::new("web").release(REMOTE)).await;
    assert!(
        answer
            .expect(500)
            .body
            .contains("cannot be made of the master"),
        "nothing says why"
    );
    let json = first
        .send(in_json("web", &serde_json::json!({}), None))
        .await;
    json.expect(500);
    for (master, before) in masters.iter().zip(before) {
        assert_eq!(master.dump().await, before);
        assert_eq!(kept(master).await, []);
    }
}

#[tokio::test]
async fn a_master_that_lists_itself_ends_it() {
    let place = Place::free("http");
    let master = proxy().other_master(other(&place.url())).start().await;
    master.format("COMP-1", 2).await;
    let _served = master.serve(place);
    refused(&master, &[&master]).await;
}

#[tokio::test]
async fn two_masters_that_list_each_other_end_it() {
    let places = [Place::free("http"), Place::free("http")];
    let [a, b] = [&places[1], &places[0]].map(|next| proxy().other_master(other(&next.url())));
    let (a, b) = (a.start().await, b.start().await);
    for master in [&a, &b] {
        master.format("COMP-1", 2).await;
    }
    let [at_a, at_b] = places;
    let _served = (a.serve(at_a), b.serve(at_b));
    refused(&a, &[&a, &b]).await;
    refused(&b, &[&a, &b]).await;
}
