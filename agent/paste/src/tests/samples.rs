//! Output in the forms of the makers' manuals; names, numbers and addresses are invented.

pub(super) const YAMAHA: &str = "\
RTX830# show environment
RTX830 BootROM Ver. 1.00
RTX830 FlashROM Table Ver. 1.02
RTX830 Rev.15.02.31 (Tue Jul 23 10:57:09 2024)
  main:  RTX830 ver=00 serial=M4B000001 MAC-Address=00:00:5e:00:53:01 MAC-Address=00:00:5e:00:53:02
CPU:   0%(5sec)   0%(1min)   0%(5min)    メモリ: 40% used
RTX830# show config
# RTX830 Rev.15.02.31 (Tue Jul 23 10:57:09 2024)
login password himitsu-no-kotoba
administrator password *
ip route default gateway pp 1
ip lan1 address 192.0.2.1/24
pp select 1
 pp auth myname user@example.ne.jp naisho
 pppoe use lan2
tunnel select 1
 ipsec ike pre-shared-key 1 text naisho-no-kagi
 ipsec ike remote address 1 203.0.113.9
snmp community read-only naisho-community
RTX830# show status lan1
LAN1
説明:
IPアドレス:                     192.0.2.1/24
イーサネットアドレス:           00:00:5e:00:53:01
RTX830# show arp
カウント数: 2
インタフェース    IPアドレス         MACアドレス         TTL(秒)
LAN1(port1)       192.0.2.10         00:00:5e:00:53:10   1200
LAN1(port2)       192.0.2.11         00:00:5e:00:53:11   610
RTX830# show ip route
宛先ネットワーク    ゲートウェイ     インタフェース  種別  付加情報
default             -                    PP[01]    static
192.0.2.0/24        192.0.2.1              LAN1  implicit
198.51.100.0/24     192.0.2.254            LAN1    static
";

pub(super) const CISCO: &str = "\
core01#show version
Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E3, RELEASE SOFTWARE (fc2)
core01 uptime is 2 years, 3 weeks
cisco WS-C2960X-24TS-L (APM86XXX) processor (revision A0) with 524288K bytes of memory.
Processor board ID FOC0000X001
Base ethernet MAC Address       : 00:00:5E:00:53:20
Model number                    : WS-C2960X-24TS-L
System serial number            : FOC0000X001
core01#show interfaces
Vlan10 is up, line protocol is up
  Hardware is EtherSVI, address is 0000.5e00.5321 (bia 0000.5e00.5321)
  Internet address is 192.0.2.2/24
GigabitEthernet1/0/1 is administratively down, line protocol is down (disabled)
  Hardware is Gigabit Ethernet, address is 0000.5e00.5322 (bia 0000.5e00.5322)
  Description: to sw02
core01#sh mac address-table
          Mac Address Table
-------------------------------------------

Vlan    Mac Address       Type        Ports
----    -----------       --------    -----
 All    0100.0ccc.cccc    STATIC      CPU
  10    0000.5e00.5310    DYNAMIC     Gi1/0/5
  20    0000.5e00.5311    DYNAMIC     Gi1/0/6
Total Mac Addresses for this criterion: 3
core01#show arp
Protocol  Address          Age (min)  Hardware Addr   Type   Interface
Internet  192.0.2.2               -   0000.5e00.5321  ARPA   Vlan10
Internet  192.0.2.10              5   0000.5e00.5310  ARPA   Vlan10
core01#show cdp neighbors detail
-------------------------
Device ID: sw02.example
Entry address(es):
  IP address: 192.0.2.3
Platform: cisco WS-C2960X-24TS-L,  Capabilities: Switch IGMP
Interface: GigabitEthernet1/0/1,  Port ID (outgoing port): GigabitEthernet1/0/24
Holdtime : 150 sec

-------------------------
Device ID: rt01
Entry address(es):
  IP address: 192.0.2.4
Platform: Cisco C1111-4P,  Capabilities: Router
Interface: GigabitEthernet1/0/2,  Port ID (outgoing port): GigabitEthernet0/0/0
core01#show lldp neighbors
Capability codes:
    (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device
Device ID           Local Intf     Hold-time  Capability      Port ID
sw02                Gi1/0/1        120        B,R             Gi1/0/24
a-very-long-name-of-a-switch
                    Gi1/0/3        120        B               Gi1/0/23
core01#show crypto isakmp sa
dst             src             state          conn-id status
203.0.113.9     192.0.2.2       QM_IDLE           1001 ACTIVE
";

pub(super) const LLDP_DETAIL: &str = "\
sw01#show lldp neighbors detail
------------------------------------------------
Local Intf: Gi1/0/1
Chassis id: 0000.5e00.5302
Port id: Gi1/0/24
Port Description: GigabitEthernet1/0/24
System Name: sw02.example

System Description:
Cisco IOS Software

Management Addresses:
    IP: 192.0.2.2
------------------------------------------------
Local Intf: Gi1/0/2
Chassis id: 0000.5e00.5303
Port id: 1
System Name: ap01
";

pub(super) const ALAXALA: &str = "\
ax01> show version
Date 2024/01/10 12:00:00 JST
Model: AX2630S-24T4XW
S/W: OS-L2N Ver. 2.4 (Build:02)
H/W: AX-2630-24T4XW-A [EX24T0000000001]
ax01> show mac-address-table
Date 2024/01/10 12:00:10 JST
Aging time : 300
MAC address        VLAN   Type     Port-list
0000.5e00.5310     10     Dynamic  0/1
0000.5e00.5311     20     Dynamic  0/2
ax01> show ip arp
Date 2024/01/10 12:00:20 JST
Total: 1
IP Address       Linklayer Address  Netif             Expire      Type
192.0.2.10       0000.5e00.5310     VLAN0010          20min       arpa
ax01> show lldp detail
Date 2024/01/10 12:00:30 JST
Status: Enabled  Chassis ID: Type=MAC     Info=0000.5e00.5330
0/25  Link: Up  Neighbor Counts: 1
  Neighbor 1  TTL: 110
    Chassis ID: Type=MAC  Info=0000.5e00.5320
    System Name: \"core01\"
    Port ID: Type=LOCAL  Info=Gi1/0/9
";

pub(super) const APRESIA: &str = "\
np01# show version
 System MAC Address: 00-00-5E-00-53-40
 Unit ID   Module Name            Versions
 1         ApresiaNP2000-24T4X    H/W:A  Bootloader:1.00.00  Runtime:1.12.01
np01# show unit
 Unit   Model Descr                        Model Name            Serial-Number
 1      24P 10/100/1000M with 4P 10G       ApresiaNP2000-24T4X   A0000000001
np01# show mac-address-table
 VLAN  MAC Address        Type      Ports
 ----  -----------------  --------- ----------------------------
 1     00-00-5E-00-53-40  Static    CPU
 30    00-00-5E-00-53-10  Dynamic   Port1/0/1
";

pub(super) const ALLIED: &str = "\
awplus#show system
Switch System Status                              Wed Jan 10 12:00:00 2024

Board       ID  Bay    Board Name                         Rev     Serial number
--------------------------------------------------------------------------------
Base        367        x230-28GT                          A-0     A04000000000001
--------------------------------------------------------------------------------
Current software   : x230-5.4.8-0.1.rel
Software version   : 5.4.8-0.1
System Name
 access-3f
System Contact
 sasaki 090-0000-0000
System Location
 3F EPS
awplus#show mac address-table
VLAN Port             MAC              State
1    CPU              0000.5e00.5350   forward   static
10   port1.0.9        0000.5e00.5310   forward   dynamic
awplus#show arp
IP Address      MAC Address     Interface         Port         Type
192.0.2.10      0000.5e00.5310  vlan10            port1.0.9    dynamic
awplus#show lldp neighbors
Local  Neighbor       Neighbor      Neighbor        System
Port   Chassis ID     Port ID       Sys Name        Cap.
----------------------------------------------------------
1.0.7  0000.5e00.5320 Gi1/0/7       core01          -B--R---
";

pub(super) const NEC_IX: &str = "\
ix01# show version
NEC Portable Internetwork Core Operating System Software
IX Series IX2106 (magellan-sec) Software, Version 10.7.18, RELEASE SOFTWARE
Compiled Jan 10-Wed-2024 12:00:00 JST #2
ix01# show interfaces
Interface GigaEthernet2.0 is up
  Fundamental MTU is 1500 octets
  Hardware address is 00:00:5e:00:53:60
  Internet address is 192.0.2.1/24
ix01# show arp entry
Interface GigaEthernet2.0
  192.0.2.10   00:00:5e:00:53:10   120
ix01# show running-config
hostname ix01
ike policy pol peer 203.0.113.9 key naisho-no-kagi prop
ike policy pol2 peer 203.0.113.10
";

pub(super) const FORTINET: &str = "\
fw01 # get system status
Version: FortiGate-60F v7.0.12,build0523,230606 (GA.M)
Serial-Number: FGT60F0000000001
Hostname: fw01
fw01 # get system interface
== [ internal ]
name: internal   mode: static    ip: 192.0.2.1 255.255.255.0   status: up    netbios-forward: disable
fw01 # get system arp
Address           Age(min)   Hardware Addr      Interface
192.0.2.10        0          00:00:5e:00:53:10 internal
fw01 # get router info routing-table all
S*      0.0.0.0/0 [10/0] via 203.0.113.1, wan1
C       192.0.2.0/24 is directly connected, internal
fw01 # get vpn ipsec tunnel summary
'branch01' 203.0.113.9:0  selectors(total,up): 1/1  rx(pkt,err): 10/0  tx(pkt,err): 12/0
";

/// Every sample.
pub(super) const ALL: [&str; 8] = [YAMAHA, CISCO, LLDP_DETAIL, ALAXALA, APRESIA, ALLIED, NEC_IX, FORTINET];
