/* SPDX-License-Identifier: ISC */
#include "policy/firewalls.h"

#include <string.h>

/*
 * By vendor. "fixed" and "no" cannot be changed; a `source` is what the value was read in. Where
 * one product has several clocks, the row is the one that an idle established TCP session meets.
 */
static const struct firewall firewalls[] = {
    {"aws-nlb", "AWS Network Load Balancer (TCP listener)", 350, "60-6000", FIREWALL_COUNTS_YES, "",
	"silent then RST", "high", "NLB guide: update idle timeout"},
    {"aws-nlb-tls", "AWS Network Load Balancer (TLS listener)", 350, "fixed", FIREWALL_COUNTS_YES,
	"no payload", "silent then RST", "high", "NLB guide"},
    {"aws-gwlb", "AWS Gateway Load Balancer", 350, "60-6000", FIREWALL_COUNTS_LIKELY, "",
	"flow forgotten", "high", "listener attribute tcp.idle_timeout.seconds"},
    {"aws-nat-gateway", "AWS NAT Gateway", 350, "fixed", FIREWALL_COUNTS_YES, "",
	"RST on next packet", "high", "VPC guide: NAT gateway troubleshooting"},
    {"aws-security-group", "EC2 connection tracking (Nitro v6 and later)", 350, "60-432000",
	FIREWALL_COUNTS_LIKELY, "", "entry gone", "high",
	"EC2 API ConnectionTrackingConfiguration"},
    {"aws-security-group-classic", "EC2 connection tracking (before Nitro v6)", 432000, "60-432000",
	FIREWALL_COUNTS_LIKELY, "", "entry gone", "high",
	"EC2 API ConnectionTrackingConfiguration"},
    {"aws-network-firewall", "AWS Network Firewall", 350, "60-6000", FIREWALL_COUNTS_YES, "",
	"silent", "high", "API FlowTimeouts"},
    {"aws-alb", "AWS Application Load Balancer", 60, "1-4000", FIREWALL_COUNTS_NO, "needs data",
	"closes", "high", "ALB guide"},
    {"aws-clb", "AWS Classic Load Balancer", 60, "", FIREWALL_COUNTS_NO, "needs data", "closes",
	"high", "CLB guide"},
    {"azure-load-balancer", "Azure Load Balancer", 240, "240-6000", FIREWALL_COUNTS_YES, "",
	"silent (optional RST to both)", "high", "Azure: load balancer TCP reset"},
    {"azure-nat-gateway", "Azure NAT Gateway", 240, "240-7200", FIREWALL_COUNTS_YES, "",
	"RST to the next sender", "high", "Azure: NAT gateway resource"},
    {"azure-firewall", "Azure Firewall", 240, "", FIREWALL_COUNTS_YES, "", "not kept", "high",
	"Azure Firewall FAQ"},
    {"gcp-vpc", "Google Cloud VPC firewall", 600, "fixed", FIREWALL_COUNTS_YES, "",
	"inbound blocked until outbound", "high", "GCP compute troubleshooting"},
    {"gcp-cloud-nat", "Google Cloud NAT", 1200, "yes", FIREWALL_COUNTS_LIKELY, "", "silent", "high",
	"tcpEstablishedIdleTimeoutSec"},
    {"ibm-vpc-gateway", "IBM VPC public gateway", 240, "", FIREWALL_COUNTS_UNKNOWN, "",
	"port released", "medium", "IBM Cloud"},
    {"oci-lb", "OCI Load Balancer (TCP listener)", 300, "to 7200", FIREWALL_COUNTS_NO, "probably",
	"closes", "medium", "OCI docs"},
    {"linux", "Linux nf_conntrack", 432000, "sysctl", FIREWALL_COUNTS_YES, "", "silent", "high",
	"nf_conntrack-sysctl.rst"},
    {"ipvs", "Linux IPVS and kube-proxy IPVS", 900, "ipvsadm --set", FIREWALL_COUNTS_YES, "",
	"silent or RST", "high", "ip_vs_proto_tcp.c"},
    {"docker-swarm", "Docker Swarm virtual IP", 900, "no", FIREWALL_COUNTS_YES, "", "hangs or RST",
	"high", "moby issues 31208 37822"},
    {"kubernetes", "kube-proxy conntrack", 86400, "flag", FIREWALL_COUNTS_YES, "", "silent",
	"medium", "kube-proxy reference"},
    {"cilium", "Cilium eBPF conntrack", 8000, "flag", FIREWALL_COUNTS_YES, "",
	"drop or re-evaluate", "high", "bpf-ct-timeout-regular-tcp"},
    {"calico-ebpf", "Calico eBPF", 3600, "yes", FIREWALL_COUNTS_LIKELY, "", "unknown", "medium",
	"felix bpfConntrackTimeouts"},
    {"openwrt", "OpenWrt", 7440, "sysctl", FIREWALL_COUNTS_YES, "", "silent", "high",
	"sysctl-nf-conntrack.conf"},
    {"mikrotik", "MikroTik RouterOS", 86400, "yes", FIREWALL_COUNTS_LIKELY, "", "picked up again",
	"high", "RouterOS defaults"},
    {"pf", "OpenBSD/FreeBSD pf and pfSense/OPNsense (normal)", 86400, "profile",
	FIREWALL_COUNTS_LIKELY, "", "drop or RST", "high", "pfvar.h"},
    {"pf-aggressive", "pf aggressive profile", 18000, "profile", FIREWALL_COUNTS_LIKELY, "",
	"drop or RST", "high", "pfSense docs"},
    {"ipfw", "FreeBSD ipfw keep-state", 300, "sysctl", FIREWALL_COUNTS_YES, "and probes itself",
	"rule removed", "high", "ipfw(8)"},
    {"cisco-asa", "Cisco ASA and FTD", 3600, "300-", FIREWALL_COUNTS_LIKELY, "",
	"silent (optional RST)", "high", "ASA CLI guide"},
    {"cisco-ios-nat", "Cisco IOS NAT", 86400, "yes", FIREWALL_COUNTS_LIKELY, "", "silent", "high",
	"Cisco IOS NAT"},
    {"meraki", "Cisco Meraki NAT", 300, "fixed", FIREWALL_COUNTS_YES, "", "silent", "medium",
	"haproxy issue 252"},
    {"juniper-srx", "Juniper SRX", 1800, "yes", FIREWALL_COUNTS_LIKELY, "", "silent", "high",
	"Junos security guide"},
    {"paloalto", "Palo Alto PAN-OS", 3600, "per application", FIREWALL_COUNTS_LIKELY, "", "silent",
	"high", "Configure Session Timeouts"},
    {"fortigate", "Fortinet FortiGate", 3600, "300-2764800", FIREWALL_COUNTS_LIKELY, "",
	"silent (optional RST)", "high", "FortiOS docs"},
    {"checkpoint", "Check Point", 3600, "yes", FIREWALL_COUNTS_LIKELY, "", "silent", "high",
	"Check Point community 36459"},
    {"sophos", "Sophos Firewall", 10800, "yes", FIREWALL_COUNTS_LIKELY, "", "silent", "high",
	"show advanced-firewall"},
    {"sonicwall", "SonicWall", 300, "yes", FIREWALL_COUNTS_LIKELY, "", "closed", "medium",
	"SonicWall guide"},
    {"forcepoint", "Forcepoint NGFW", 1800, "yes", FIREWALL_COUNTS_YES, "", "removed", "high",
	"SMC help"},
    {"netdefend", "Clavister/D-Link NetDefendOS", 262144, "yes", FIREWALL_COUNTS_LIKELY,
	"each direction by itself", "closed", "high", "DFL manual 13.5"},
    {"nsx-edge", "VMware NSX-v Edge", 3600, "yes", FIREWALL_COUNTS_UNKNOWN, "", "removed", "high",
	"KB 2101275"},
    {"windows-nat", "Windows NAT (WinNAT)", 1800, "yes", FIREWALL_COUNTS_LIKELY, "", "unknown",
	"high", "Get-NetNat"},
    {"rfc5382", "a NAT that keeps RFC 5382 REQ-5", 7440, "", FIREWALL_COUNTS_YES, "", "silent",
	"high", "RFC 5382 section 5"},
};

size_t
firewall_count(void)
{
	return sizeof(firewalls) / sizeof(firewalls[0]);
}

const struct firewall *
firewall_at(size_t i)
{
	return &firewalls[i];
}

const struct firewall *
firewall_find(const char *name)
{
	for (size_t i = 0; i < firewall_count(); i++) {
		if (strcmp(firewalls[i].name, name) == 0)
			return &firewalls[i];
	}
	return NULL;
}

const char *
firewall_counts_name(enum firewall_counts counts)
{
	switch (counts) {
	case FIREWALL_COUNTS_YES:
		return "yes";
	case FIREWALL_COUNTS_LIKELY:
		return "likely";
	case FIREWALL_COUNTS_UNKNOWN:
		return "unknown";
	case FIREWALL_COUNTS_NO:
		return "no";
	}
	return "?";
}
