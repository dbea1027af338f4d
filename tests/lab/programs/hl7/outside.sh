# Takes three messages, each up to MLLP's end of block (0x1c), and acknowledges each.
cat > "$WORK/answer" <<'END'
for _ in 1 2 3; do
    IFS= read -r -d $'\x1c' _
    printf '\x0bMSH|^~\\&|LAB|CENTRE|HIS|HOSPITAL|20260101120001||ACK^O01|1|P|2.5\rMSA|AA|1\r\x1c\r'
done
END
socat TCP4-LISTEN:6661,fork,reuseaddr EXEC:"bash $WORK/answer" &
await hears_tcp 6661
ready
wait
