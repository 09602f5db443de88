//! The calls that a master has, by their names; what each does is in the front of its dialect.

use super::state::states;

states! {
    /// A dialect of the protocol, by its word in the log.
    Dialect {
        /// The classic one: form fields in, marshalled objects out.
        Slap = "slap",
        /// JSON objects in and out.
        JsonRpc = "json-rpc",
        /// What commands call with a token.
        Web = "web",
        /// Documents for listing and inspection.
        Hateoas = "hateoas",
    }
}

states! {
    /// What a caller is.
    CallerKind {
        /// Nobody known, where that has to be proven.
        Anonymous = "anonymous",
        /// A person.
        User = "user",
        /// A computer.
        Computer = "computer",
        /// An instance.
        Instance = "instance",
    }
}

/// Every call of a dialect, by the name that its log line has. A test compares them with the
/// routes.
pub const fn names(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Slap => SLAP,
        Dialect::JsonRpc => JSON_RPC,
        Dialect::Web => &["Person_requestComputer", "Person_getCertificate"],
        Dialect::Hateoas => &[
            "hateoas",
            "ERP5Document_getHateoas",
            "Base_getComputerToken",
        ],
    }
}

const SLAP: &[&str] = &[
    "loadComputerConfigurationFromXML",
    "getFullComputerInformation",
    "getComputerInformation",
    "getComputerStatus",
    "computerBang",
    "useComputer",
    "supplySupply",
    "buildingSoftwareRelease",
    "availableSoftwareRelease",
    "softwareReleaseError",
    "destroyedSoftwareRelease",
    "getSoftwareInstallationStatus",
    "getSoftwareReleaseListFromSoftwareProduct",
    "requestComputerPartition",
    "softwareInstanceRename",
    "registerComputerPartition",
    "getComputerPartitionStatus",
    "getHostingSubscriptionIpList",
    "startedComputerPartition",
    "stoppedComputerPartition",
    "destroyedComputerPartition",
    "softwareInstanceError",
    "softwareInstanceBang",
    "setComputerPartitionConnectionXml",
    "updateComputerPartitionRelatedInstanceList",
    "buildingComputerPartition",
    "availableComputerPartition",
    "getHateoasUrl",
    "getRunId",
    "ingestData",
    "requestComputer",
    "generateComputerCertificate",
    "revokeComputerCertificate",
    "getComputerPartitionCertificate",
];

const JSON_RPC: &[&str] = &[
    "slapos.put.v0.compute_node_format",
    "slapos.put.v0.compute_node_bang",
    "slapos.get.v0.compute_node_status",
    "slapos.post.v0.compute_node_usage",
    "slapos.post.v0.compute_node_certificate",
    "slapos.remove.v0.compute_node_certificate",
    "slapos.allDocs.v0.compute_node_instance_list",
    "slapos.allDocs.v0.compute_node_software_installation_list",
    "slapos.post.v0.software_installation",
    "slapos.put.v0.software_installation_reported_state",
    "slapos.put.v0.software_installation_error",
    "slapos.post.v0.software_instance",
    "slapos.get.v0.instance_tree",
    "slapos.allDocs.v0.instance_tree_list",
    "slapos.allDocs.WIP.compute_node_list",
    "slapos.get.v0.software_instance",
    "slapos.get.v0.compute_partition",
    "slapos.get.v0.software_instance_certificate",
    "slapos.allDocs.v0.instance_node_instance_list",
    "slapos.put.v0.software_instance_reported_state",
    "slapos.put.v0.software_instance_error",
    "slapos.put.v0.software_instance_bang",
    "slapos.put.v0.software_instance_title",
    "slapos.put.v0.software_instance_connection_parameter",
    "slapos.get.v0.hateoas_url",
];
