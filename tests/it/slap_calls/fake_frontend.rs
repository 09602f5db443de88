//! Slapproxy's invented frontends: `slap.md` 9.2, C.32.

use insta::assert_snapshot;
use slapmaster::domain::behaviour::Preset;

use crate::support::master::{Request, TestMaster};

const WEB: &str =
    "http://git.erp5.org/gitweb/slapos.git/blob_plain/HEAD:/software/apache-frontend/software.cfg";
const KVM: &str = "http://git.erp5.org/gitweb/slapos.git/blob_plain/refs/tags/slapos-0.92:/software/kvm/software.cfg";

fn web() -> Request {
    Request::new("site")
        .shared()
        .release(WEB)
        .parameter("url", "https://[2001:db8::1]:8080/x")
}

#[tokio::test]
async fn slapproxy_invents_two_frontends() {
    let master = TestMaster::preset(Preset::Slapproxy).start().await;
    let answer = master.request(web()).await;
    assert_snapshot!("fake_frontend_web", answer.shown());
    let old = web().software_type("RootSoftwareInstance");
    assert_eq!(master.request(old).await.shown(), answer.shown());
    let kvm = Request::new("vnc")
        .shared()
        .release(KVM)
        .software_type("frontend");
    let kvm = kvm
        .parameter("host", "2001:db8::1")
        .parameter("port", "5900");
    assert_snapshot!("fake_frontend_kvm", master.request(kvm).await.shown());
}

#[tokio::test]
async fn a_frontend_that_lacks_parameters_is_looked_for_a_host() {
    let master = TestMaster::preset(Preset::Slapproxy).start().await;
    master.format("COMP-1", 1).await;
    let lacking = || Request::new("site").shared().release(WEB);
    master.request(lacking()).await.expect(404);
    master
        .request(Request::new("host").release(WEB))
        .await
        .expect(200);
    let answer = master.request(lacking()).await.expect(200);
    assert!(answer.body.contains("slappart0"), "{}", answer.body);
    let invented = master.request(web()).await.expect(200);
    assert!(!invented.body.contains("slappart0"), "{}", invented.body);
}

#[tokio::test]
async fn other_requests_and_presets_are_not_concerned() {
    let master = TestMaster::preset(Preset::Slapproxy).start().await;
    master
        .request(web().software_type("custom"))
        .await
        .expect(404);
    master
        .request(Request::new("site").release(WEB))
        .await
        .expect(404);
    for preset in [Preset::Default, Preset::Real] {
        let master = TestMaster::preset(preset).start().await;
        master.request(web()).await.expect(408);
    }
}
