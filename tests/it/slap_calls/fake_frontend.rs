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
    let answer = master
        .request(Request::new("site").shared().release(WEB))
        .await
        .expect(400);
    assert_eq!(
        answer.body,
        "`partition_parameter_xml`: has no `url`, which this frontend needs\n"
    );
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
