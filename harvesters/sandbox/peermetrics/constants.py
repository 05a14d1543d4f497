"""What reports say that is the same in each of them."""

from harvesters.sandbox.peermetrics.rooms import Json

AUDIO_IN: Json = {
    "audioLevel": 0.065392,
    "concealedSamples": 40,
    "packetsDiscarded": 0,
    "concealmentEvents": 0,
    "fecPacketsReceived": 0,
    "fecPacketsDiscarded": 0,
}
VIDEO_IN: Json = {
    "firCount": 0,
    "pliCount": 0,
    "nackCount": 1,
    "pauseCount": 0,
    "freezeCount": 0,
    "framesDropped": 0,
    "packetsDiscarded": 0,
    "keyFramesDecoded": 1,
    "totalPausesDuration": 0,
    "totalFreezesDuration": 0.02,
    "decoderImplementation": "libvpx",
    "powerEfficientDecoder": False,
}
OUT: Json = {
    "active": True,
    "nackCount": 0,
    "totalPacketSendDelay": 0.01,
    "retransmittedBytesSent": 0,
    "retransmittedPacketsSent": 0,
}
VIDEO_OUT: Json = {
    "firCount": 0,
    "pliCount": 0,
    "targetBitrate": 2500000,
    "hugeFramesSent": 0,
    "scalabilityMode": "L1T1",
    "keyFramesEncoded": 2,
    "encoderImplementation": "libvpx",
    "powerEfficientEncoder": False,
    "totalEncodedBytesTarget": 0,
    "qualityLimitationReason": "none",
    "qualityLimitationResolutionChanges": 0,
}
NO_PAIR: Json = {"inbound": [], "outbound": []}
PAIR: Json = {
    "id": "CPWWU4es9Z_v2xSaec0",
    "type": "candidate-pair",
    "state": "succeeded",
    # More than a double holds exactly.
    "priority": 9115038255631187455,
    "writable": True,
    "nominated": True,
    "transportId": "T01",
    "localCandidateId": "IWWU4es9Z",
    "remoteCandidateId": "Iv2xSaec0",
    "dataChannelsClosed": 0,
    "dataChannelsOpened": 1,
    "bytesDiscardedOnSend": 0,
    "packetsDiscardedOnSend": 0,
    "availableOutgoingBitrate": 3093000,
}
REMOTE: Json = {
    "id": "Iv2xSaec0",
    "ip": "198.51.100.7",
    "port": 52352,
    "type": "remote-candidate",
    "address": "198.51.100.7",
    "isRemote": True,
    "priority": 2122260223,
    "protocol": "udp",
    "foundation": "145881538",
    "transportId": "T01",
    "candidateType": "host",
    "usernameFragment": "M+TU",
}
LOCAL: Json = {
    "id": "IWWU4es9Z",
    "ip": "203.0.113.10",
    "port": 35959,
    "type": "local-candidate",
    "address": "203.0.113.10",
    "isRemote": False,
    "priority": 2122260223,
    "foundation": "1841355626",
    "networkType": "ethernet",
    "transportId": "T01",
    "usernameFragment": "kvE2",
}
