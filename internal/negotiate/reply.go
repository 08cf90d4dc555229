package negotiate

import (
	"encoding/asn1"
	"fmt"
	"time"

	"github.com/jcmturner/gokrb5/v8/asn1tools"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/asnAppTag"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// What the library reads but does not write: the server's answer to an AP-REQ
// (RFC 4120 §5.5.2) and SPNEGO's around it (RFC 4178 §4.2.2).

type apRep struct {
	PVNO    int           `asn1:"explicit,tag:0"`
	MsgType int           `asn1:"explicit,tag:1"`
	EncPart encryptedData `asn1:"explicit,tag:2"`
}

type encryptedData struct {
	EType  int32  `asn1:"explicit,tag:0"`
	Cipher []byte `asn1:"explicit,tag:2"`
}

type encAPRepPart struct {
	CTime time.Time `asn1:"generalized,explicit,tag:0"`
	Cusec int       `asn1:"explicit,tag:1"`
}

type negTokenResp struct {
	State asn1.Enumerated       `asn1:"explicit,tag:0"`
	Mech  asn1.ObjectIdentifier `asn1:"explicit,tag:1"`
	Token []byte                `asn1:"explicit,optional,omitempty,tag:2"`
}

const acceptCompleted = 0

// reply is the token for the client. mech is nil if it spoke Kerberos without SPNEGO.
func reply(req *messages.APReq, mech asn1.ObjectIdentifier) ([]byte, error) {
	var proof []byte
	if types.IsFlagSet(&req.APOptions, flags.APOptionMutualRequired) {
		var err error
		if proof, err = mutual(req); err != nil {
			return nil, err
		}
	}
	if mech == nil {
		return proof, nil
	}
	body, err := asn1.Marshal(negTokenResp{State: acceptCompleted, Mech: mech, Token: proof})
	if err != nil {
		return nil, fmt.Errorf("write SPNEGO token: %w", err)
	}
	return asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: body})
}

// mutual proves that the server could read the ticket: it gives the client's
// time back, under the session's key.
func mutual(req *messages.APReq) ([]byte, error) {
	plain, err := asn1.Marshal(encAPRepPart{CTime: req.Authenticator.CTime.UTC(), Cusec: req.Authenticator.Cusec})
	if err != nil {
		return nil, fmt.Errorf("write AP-REP: %w", err)
	}
	sealed, err := crypto.GetEncryptedData(asn1tools.AddASNAppTag(plain, asnAppTag.EncAPRepPart), req.Ticket.DecryptedEncPart.Key, keyusage.AP_REP_ENCPART, 0)
	if err != nil {
		return nil, fmt.Errorf("encrypt AP-REP: %w", err)
	}
	body, err := asn1.Marshal(apRep{PVNO: 5, MsgType: msgtype.KRB_AP_REP, EncPart: encryptedData{EType: sealed.EType, Cipher: sealed.Cipher}})
	if err != nil {
		return nil, fmt.Errorf("write AP-REP: %w", err)
	}
	token, err := asn1.Marshal(asn1.ObjectIdentifier(gssapi.OIDKRB5.OID()))
	if err != nil {
		return nil, fmt.Errorf("write AP-REP: %w", err)
	}
	token = append(token, 0x02, 0x00) // TOK_ID of an AP-REP, RFC 4121 §4.1
	token = append(token, asn1tools.AddASNAppTag(body, asnAppTag.APREP)...)
	return asn1tools.AddASNAppTag(token, 0), nil
}
