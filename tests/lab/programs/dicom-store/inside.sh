# A made-up image without a patient: sixteen by sixteen grey points.
cat > "$WORK/image.dump" <<'END'
(0008,0016) UI =SecondaryCaptureImageStorage
(0008,0018) UI [2.25.1]
(0008,0060) CS [OT]
(0010,0010) PN [EXAMPLE^INVENTED]
(0010,0020) LO [0]
(0020,000d) UI [2.25.2]
(0020,000e) UI [2.25.3]
(0028,0002) US 1
(0028,0004) CS [MONOCHROME2]
(0028,0010) US 2
(0028,0011) US 2
(0028,0100) US 8
(0028,0101) US 8
(0028,0102) US 7
(0028,0103) US 0
(7fe0,0010) OB 01\02\03\04
END
dump2dcm "$WORK/image.dump" "$WORK/image.dcm"
await_ready
echoscu --aetitle CT01 --call READING "$PEER" 4242
storescu --aetitle CT01 --call READING "$PEER" 4242 "$WORK/image.dcm"
ls "$WORK/received" | grep -q .
