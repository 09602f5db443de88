//! What `real` and `slapproxy` answer otherwise (`json-rpc.md` 7).

use serde_json::{Value, json};
use slapmaster::domain::behaviour::Preset;

use super::{
    call, call_as, done, guid, instance, on_computer, problem, refused, requested, result, told,
    wanted, with,
};
use crate::support::master::{RELEASE, TestMaster};

async fn world(preset: Preset) -> TestMaster {
    let master = TestMaster::preset(preset)
        .switch("allocation.require_supply", "off")
        .switch("allocation.capacity_check", "off")
        .switch("allocation.moment", "request")
        .default_computer("COMP-1")
        .start()
        .await;
    master.format("COMP-1", 4).await;
    master
}

/// A refusal in slapproxy's words: the reason phrase is its type.
async fn forbidden(master: &TestMaster, method: &str, arguments: &Value, title: &str) {
    let found = refused(master, method, arguments, 403, "Forbidden").await;
    assert_eq!(found, title, "{method}");
}

#[tokio::test]
async fn an_unknown_computer_in_a_list_is_empty_in_production() {
    let real = world(Preset::Real).await;
    let unknown = json!({"computer_guid": "COMP-9"});
    for method in [
        "allDocs.v0.compute_node_instance_list",
        "allDocs.v0.compute_node_software_installation_list",
    ] {
        let listed = result(&real, method, &unknown).await;
        assert_eq!(listed, json!({"result_list": []}));
        let proxy = world(Preset::Slapproxy).await;
        forbidden(&proxy, method, &unknown, "COMP-9 is not registered.").await;
    }
    let format = json!({"computer_guid": "COMP-9", "compute_partition_list": []});
    let method = "put.v0.compute_node_format";
    refused(&real, method, &format, 404, "not-found").await;
    let partition = with(unknown, json!({"compute_partition_id": "slappart0"}));
    let method = "get.v0.compute_partition";
    refused(&real, method, &partition, 500, "unknown-error").await;
}

/// C.39 is about the classic dialect: here the shape has a default.
#[tokio::test]
async fn a_request_without_a_state_asks_for_started_in_every_preset() {
    for preset in [Preset::Default, Preset::Slapproxy] {
        let master = world(preset).await;
        let stopped = with(wanted("blog"), json!({"state": "stopped"}));
        assert_eq!(requested(&master, &stopped).await["state"], "stopped");
        assert_eq!(wanted("blog").get("state"), None);
        let again = requested(&master, &wanted("blog")).await;
        assert_eq!(again["state"], "started", "{preset}");
    }
}

#[tokio::test]
async fn slapproxy_spells_the_hateoas_url_with_a_final_slash() {
    let master = world(Preset::Slapproxy).await;
    let told = result(&master, "get.v0.hateoas_url", &json!({})).await;
    let classic = master.get("getHateoasUrl", &[]).await.expect(200).body;
    assert_eq!(told, json!({"hateoas_url": format!("{classic}/")}));
}

#[tokio::test]
async fn slapproxy_names_instances_by_their_titles() {
    let master = world(Preset::Slapproxy).await;
    let blog = requested(&master, &wanted("blog")).await;
    assert_eq!(guid(&blog), "blog______0");
    let by = Some(("COMP-1", "slappart0"));
    let post = "post.v0.software_instance";
    let db = told(call_as(&master, by, post, &wanted("db")).await);
    assert_eq!(guid(&db), "db___blog___0");
    let shared = with(wanted("cdn"), json!({"shared": true}));
    let cdn = told(call_as(&master, by, post, &shared).await);
    assert_eq!(guid(&cdn), "cdn___blog___1");
    for told in [&blog, &db] {
        assert_eq!(instance(&master, guid(told)).await, *told);
    }
    // Either form is read.
    assert_eq!(instance(&master, "SOFTINST-1").await, blog);
    let host = json!({"instance_guid": "blog______0"});
    let listed = result(&master, "allDocs.v0.instance_node_instance_list", &host).await;
    assert_eq!(listed["result_list"][0]["instance_guid"], "cdn___blog___1");
    let rename = json!({"instance_guid": "db___blog___0", "title": "a___b"});
    done(
        &master,
        "put.v0.software_instance_title",
        &rename,
        "Renamed",
    )
    .await;
    assert_eq!(
        instance(&master, "a___b___blog___0").await["title"],
        "a___b"
    );
    let old = json!({"instance_guid": "db___blog___0"});
    let title = "No software instance db___blog___0 found.";
    forbidden(&master, "get.v0.software_instance", &old, title).await;
}

#[tokio::test]
async fn slapproxy_tells_time_in_seconds_and_none_of_a_shared_request() {
    let master = world(Preset::Slapproxy).await;
    let web = requested(&master, &wanted("web")).await;
    assert_eq!(web["processing_timestamp"], 1_795_422_600);
    let shared = with(wanted("front"), json!({"shared": true}));
    let front = requested(&master, &shared).await;
    assert_eq!(front["processing_timestamp"], 0);
    let read = instance(&master, guid(&front)).await;
    assert_eq!(read["processing_timestamp"], 1_795_422_600);
}

#[tokio::test]
async fn slapproxy_refuses_in_its_own_words() {
    let master = world(Preset::Slapproxy).await;
    let guid = |text: &str| json!({"instance_guid": text});
    let get = "get.v0.software_instance";
    forbidden(&master, get, &guid("foo"), "instance_guid foo not handled.").await;
    let title = "No software instance a______0 found.";
    forbidden(&master, get, &guid("a______0"), title).await;
    let title = "No instance tree nothing found.";
    forbidden(
        &master,
        "get.v0.instance_tree",
        &json!({"title": "nothing"}),
        title,
    )
    .await;
    for (computer, partition) in [("COMP-1", "slappart3"), ("COMP-1", "x"), ("COMP-9", "x")] {
        let at = json!({"computer_guid": computer, "compute_partition_id": partition});
        let title = format!("No instance on partition {partition} found.");
        forbidden(&master, "get.v0.compute_partition", &at, &title).await;
    }
    let post = "post.v0.software_instance";
    let shared = json!({"title": "s1", "software_release_uri": "u", "software_type": "nope",
        "shared": true, "sla_parameters": {"computer_guid": "COMP-1"}});
    let title = "No partition corresponding to slave request: ['u', 'COMP-1', 'nope']";
    forbidden(&master, post, &shared, title).await;
    for title in ["a", "b", "c", "d"] {
        requested(&master, &wanted(title)).await;
    }
    let title = "No free computer partition found for: e";
    forbidden(&master, post, &wanted("e"), title).await;
    let answer = call(&master, get, &json!({"instance_guid": 12})).await;
    assert_eq!(
        problem(&answer, 400, "Bad Request"),
        "12 is not of type 'string'"
    );
    let by = Some(("COMP-7", "ghost"));
    let answer = call_as(&master, by, post, &wanted("x")).await;
    let title = "No partition matching the authorization header: (COMP-7 / ghost)";
    assert_eq!(problem(&answer, 400, "Bad Request"), title);
}

#[tokio::test]
async fn slapproxy_takes_and_forgets_what_is_about_nothing() {
    let master = world(Preset::Slapproxy).await;
    let before = master.dump().await;
    let release = json!({"computer_guid": "COMP-9", "software_release_uri": RELEASE});
    for (method, arguments) in [
        (
            "put.v0.compute_node_bang",
            json!({"computer_guid": "COMP-9", "message": "x"}),
        ),
        (
            "put.v0.software_installation_reported_state",
            with(release.clone(), json!({"reported_state": "available"})),
        ),
        (
            "put.v0.software_installation_error",
            with(release.clone(), json!({"message": "x"})),
        ),
        (
            "put.v0.software_instance_reported_state",
            json!({"instance_guid": "foo", "reported_state": "started"}),
        ),
        (
            "put.v0.software_instance_error",
            json!({"instance_guid": "a", "message": "x"}),
        ),
    ] {
        done(&master, method, &arguments, "Ignored").await;
    }
    let about = |more: Value| with(json!({"instance_guid": "a___b___0"}), more);
    for (method, arguments, title) in [
        (
            "put.v0.software_instance_bang",
            about(json!({"message": "x"})),
            "Bang handled",
        ),
        (
            "put.v0.software_instance_title",
            about(json!({"title": "x"})),
            "Renamed",
        ),
        (
            "put.v0.software_instance_connection_parameter",
            about(json!({"connection_parameter_dict": {"a": "b"}})),
            "Updated",
        ),
        (
            "put.v0.software_installation_reported_state",
            with(release, json!({"reported_state": "destroyed"})),
            "Destroyed",
        ),
    ] {
        done(&master, method, &arguments, title).await;
    }
    assert_eq!(master.dump().await, before);
    let malformed = json!({"instance_guid": "foo", "message": "x"});
    let title = "instance_guid foo not handled.";
    forbidden(&master, "put.v0.software_instance_bang", &malformed, title).await;
}

#[tokio::test]
async fn slapproxy_does_and_says_what_it_does() {
    let master = world(Preset::Slapproxy).await;
    let format = with(
        on_computer(),
        json!({"compute_partition_list": [
            {"partition_id": "slappart0"}, {"partition_id": "slappart1"},
        ]}),
    );
    done(&master, "put.v0.compute_node_format", &format, "Formatted").await;
    let supply = json!({"computer_guid": "COMP-9", "software_release_uri": "u"});
    let method = "post.v0.software_installation";
    done(&master, method, &supply, "Supplied u to be available").await;
    let web = requested(&master, &wanted("web")).await;
    let by = Some(("COMP-1", "slappart0"));
    let post = "post.v0.software_instance";
    told(call_as(&master, by, post, &wanted("db")).await);
    let destroyed = with(wanted("web"), json!({"state": "destroyed"}));
    let answered = requested(&master, &destroyed).await;
    assert_eq!(
        (&answered["state"], guid(&answered)),
        (&json!("destroyed"), guid(&web))
    );
    let tree = result(&master, "get.v0.instance_tree", &json!({"title": "web"})).await;
    assert_eq!(tree["state"], "destroyed");
    let gone = |text: &str| json!({"instance_guid": text, "reported_state": "destroyed"});
    let method = "put.v0.software_instance_reported_state";
    let answer = call(&master, method, &gone("web______0")).await;
    let title = "Not destroying yet because this partition has child partitions: db";
    assert_eq!(problem(&answer, 403, "Forbidden"), title);
    done(&master, method, &gone("db___web___0"), "Destroyed").await;
    done(&master, method, &gone("web______0"), "Destroyed").await;
    let free = json!({"computer_guid": "COMP-1", "compute_partition_id": "slappart0"});
    let title = "No instance on partition slappart0 found.";
    forbidden(&master, "get.v0.compute_partition", &free, title).await;
}

#[tokio::test]
async fn slapproxy_answers_a_shared_instance_that_ended_as_it_was() {
    let master = world(Preset::Slapproxy).await;
    requested(&master, &wanted("web")).await;
    let shared = with(wanted("front"), json!({"shared": true}));
    requested(&master, &shared).await;
    let destroyed = with(shared, json!({"state": "destroyed"}));
    let answered = requested(&master, &destroyed).await;
    assert_eq!(answered["instance_guid"], "front______1");
    assert_eq!(answered["state"], "destroyed");
    let gone = json!({"instance_guid": "front______1"});
    let title = "No software instance front______1 found.";
    forbidden(&master, "get.v0.software_instance", &gone, title).await;
}

#[tokio::test]
async fn slapproxy_lists_shared_trees_last() {
    let master = world(Preset::Slapproxy).await;
    requested(&master, &wanted("web")).await;
    requested(&master, &with(wanted("a"), json!({"shared": true}))).await;
    let listed = result(&master, "allDocs.v0.instance_tree_list", &json!({})).await;
    assert_eq!(
        listed,
        json!({"result_list": [{"title": "web"}, {"title": "a"}]})
    );
}

#[tokio::test]
async fn slapproxy_invents_a_frontend_in_this_dialect_too() {
    let master = world(Preset::Slapproxy).await;
    let before = master.dump().await;
    let release = "http://git.erp5.org/gitweb/slapos.git/blob_plain/HEAD:/software/apache-frontend/software.cfg";
    let arguments = json!({"title": "fe", "software_release_uri": release,
        "software_type": "default", "shared": true, "parameters": {"url": "https://a.example:80/x"}});
    assert_eq!(
        requested(&master, &arguments).await,
        json!({
            "title": "fe",
            "instance_guid": "fe______1",
            "software_release_uri": release,
            "software_type": "default",
            "state": "started",
            "connection_parameters": {
                "domain": "a.example:80",
                "secure_access": "https://a.example:80/x",
            },
            "parameters": {"url": "https://a.example:80/x"},
            "shared": true,
            "root_instance_title": "fe",
            "ip_list": [],
            "full_ip_list": [],
            "sla_parameters": {},
            "computer_guid": "",
            "compute_partition_id": "Fake frontend for https://a.example:80/x",
            "processing_timestamp": 0,
            "access_status_message": "",
        })
    );
    // Without what it is made of it is looked for a host.
    let without = with(arguments, json!({"parameters": {}}));
    let post = "post.v0.software_instance";
    refused(&master, post, &without, 403, "Forbidden").await;
    assert_eq!(master.dump().await, before);
}

#[tokio::test]
async fn words_are_switched_alone() {
    let master = TestMaster::preset(Preset::Default)
        .switch("json_rpc.words", "proxy")
        .start()
        .await;
    let tree = json!({"title": "x"});
    forbidden(
        &master,
        "get.v0.instance_tree",
        &tree,
        "No instance tree x found.",
    )
    .await;
}
