cat > "$WORK/lan.conf" <<END
name "bmc"
set_working_mc 0x20
  startlan 1
    addr $HERE 9623
    priv_limit admin
    allowed_auths_admin none md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  user 2 true "vendor" "invented" admin 10 none md5 straight
END
cat > "$WORK/bmc.emu" <<END
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
END
ipmi_sim -n -c "$WORK/lan.conf" -f "$WORK/bmc.emu" -s "$WORK/state" > "$WORK/server.log" 2>&1 &
await hears_udp 9623
ready
wait
