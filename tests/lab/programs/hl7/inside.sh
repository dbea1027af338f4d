await_ready
cat > "$WORK/ask" <<'END'
for number in 1 2 3; do
    printf '\x0bMSH|^~\\&|HIS|HOSPITAL|LAB|CENTRE|20260101120000||ORM^O01|%s|P|2.5\rPID|||0||EXAMPLE^INVENTED\r\x1c\r' "$number"
    IFS= read -r -d $'\x1c' _
done
echo all >> "$WORK/answered"
END
socat TCP4:"$PEER":6661 EXEC:"bash $WORK/ask"
grep -q all "$WORK/answered"
